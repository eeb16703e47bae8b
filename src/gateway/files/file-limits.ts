/** What clients are told of files before they send any. */
import type { Config } from '../../config.ts';
import { readableBytes } from '../../prompt-budget.ts';
import { MAX_FILES } from '../../protocol/limits.ts';
import type { FileLimits } from '../../protocol/wire.ts';

/** undefined: this server takes none. */
export function fileLimits({ FILE_MAX_BYTES: maxBytes, AI_VISION: images, AI_PROMPT_TOKENS }: Config): FileLimits | undefined {
  return maxBytes === 0 ? undefined : { maxBytes, perMessage: MAX_FILES, images, readBytes: readableBytes(AI_PROMPT_TOKENS) };
}
