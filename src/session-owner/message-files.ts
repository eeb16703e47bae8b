/** The files of a message: whose they must be, and how much of them a model is given. */
import type { StoredFile } from '../backends/contracts.ts';
import { chatError } from '../errors.ts';
import { isImage } from '../protocol/is-image.ts';
import type { MessageFile } from '../protocol/wire.ts';
import type { OwnerWorld } from './owner-settings.ts';
import { allot, estimateTokens } from '../prompt-budget.ts';

/** What is asked for, as messages carry it. Throws `invalid` when one of them is not there, or not this user's or session's. */
export async function filesFor(world: OwnerWorld, of: { userId: string; sessionId: string }, ids: string[], content: string): Promise<MessageFile[]> {
  if (ids.length === 0) return [];
  const files = await world.files.use(ids, of);
  if (files.length < ids.length) throw chatError('invalid', 'files: one of them is not in this session (any more). Attach it again.');
  const { AI_VISION, AI_PROMPT_TOKENS } = world.settings;
  if (!AI_VISION && files.some(isImage)) throw chatError('invalid', 'files: the model of this server does not read images.');
  return describe(files, AI_PROMPT_TOKENS - estimateTokens(content));
}

/** `room`: tokens left for them, as when the message is the newest of the conversation. */
function describe(files: StoredFile[], room: number): MessageFile[] {
  const given = allot(room, files);
  return files.map(({ id, name, type, bytes }, index) => {
    const read = given[index] ?? 0;
    return { id, name, type, bytes, ...(read < bytes && { read }) };
  });
}
