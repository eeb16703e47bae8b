/** The one place that knows the providers by name. */
import type { Clock } from '../clock.ts';
import type { Config } from '../config.ts';
import { DemoProvider } from './providers/demo.ts';
import { OpenAiProvider } from './providers/openai.ts';
import type { Provider } from './providers/provider.ts';

export function createProvider(config: Config, clock: Clock): Provider {
  switch (config.AI_PROVIDER) {
    case 'demo':
      return new DemoProvider({ tokensPerSecond: config.DEMO_TOKENS_PER_SECOND, tokens: config.DEMO_TOKENS, clock });
    case 'openai':
      return new OpenAiProvider({ baseUrl: config.OPENAI_BASE_URL, apiKey: config.OPENAI_API_KEY, model: config.OPENAI_MODEL, clock });
  }
}
