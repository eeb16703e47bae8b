/** What the log says about one run: ids, codes and times; never text, never a key. */
import { ProviderError } from './providers/provider.ts';
import type { GenerationListener } from './generation.ts';
import type { Run } from './run.ts';

export interface AiLogger {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

export function runReporter(run: Run, logger: AiLogger): Pick<GenerationListener, 'retrying' | 'failed'> {
  return {
    retrying(error, waitMs, attempt) {
      logger.warn({ ...run.ids, attempt, waitMs: Math.round(waitMs), code: error.code, ...error.details }, 'run retried');
    },
    failed(thrown) {
      const fields = { ...run.ids, characters: run.length };
      // A provider's own errors may quote the conversation, so only what it declared fit for the log goes there.
      if (thrown instanceof ProviderError) logger.warn({ ...fields, code: thrown.code, ...thrown.details }, 'run failed');
      else logger.error({ ...fields, ...describe(thrown) }, 'run failed: the provider threw an error of an unknown kind');
    },
  };
}

/** Kind and place of an unknown error. Its message is left out: it may quote what the user wrote. */
function describe(thrown: unknown): object {
  if (!(thrown instanceof Error)) return { kind: typeof thrown };
  const frames = thrown.stack?.split('\n').filter((line) => line.trimStart().startsWith('at '));
  return { kind: thrown.name, stack: frames?.slice(0, 5).join('\n') };
}
