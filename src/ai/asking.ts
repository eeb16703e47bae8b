/** For a model that cannot take its own text up again: it is shown that text, and asked in words to go on. */
import type { PromptMessage } from '../protocol/broker.ts';

const GO_ON = 'Your last message was cut off. Continue it exactly where it stops: repeat none of it, add nothing before or about it.';

export function askToContinue(messages: PromptMessage[], text: string): PromptMessage[] {
  return [...messages, { role: 'assistant', content: text }, { role: 'user', content: GO_ON }];
}
