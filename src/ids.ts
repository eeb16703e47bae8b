/** Ids: random ones, and ones that derive from what they name, so that a repeat finds the first. */
import { createHash, randomBytes } from 'node:crypto';
import { LOG_ID_LENGTH, MESSAGE_ID_LENGTH, SESSION_ID_LENGTH } from './protocol/limits.ts';

const ALPHABET = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';

/** `length` letters and digits from these bytes; 256 is no multiple of 62, and the bias is harmless for ids. */
function letters(bytes: Uint8Array, length: number): string {
  let text = '';
  for (let i = 0; i < length; i += 1) text += ALPHABET[(bytes[i] ?? 0) % ALPHABET.length];
  return text;
}

export function randomId(length: number): string {
  return letters(randomBytes(length), length);
}
export const newSessionId = (): string => randomId(SESSION_ID_LENGTH);
export const newLogId = (): string => randomId(LOG_ID_LENGTH);
export const newRunId = (): string => randomId(MESSAGE_ID_LENGTH);

function derived(length: number, parts: string[]): string {
  const hash = createHash('sha256').update(JSON.stringify(parts)).digest();
  return letters(hash, length);
}

/** Session begun by a send that names none. */
export function sessionIdFor(userId: string, clientMessageId: string): string {
  return derived(SESSION_ID_LENGTH, ['session', userId, clientMessageId]);
}

/** A file, by what its uploader calls it. */
export function fileIdFor(userId: string, sessionId: string, clientFileId: string): string {
  return derived(MESSAGE_ID_LENGTH, ['file', userId, sessionId, clientFileId]);
}

/** Message ids of one operation: the user's message (which is the operation's id too) and its reply. */
export function messageIdsFor(
  userId: string,
  sessionId: string,
  operation: string,
  clientMessageId: string,
): { messageId: string; replyId: string } {
  const parts = [userId, sessionId, operation, clientMessageId];
  return {
    messageId: derived(MESSAGE_ID_LENGTH, ['message', ...parts]),
    replyId: derived(MESSAGE_ID_LENGTH, ['reply', ...parts]),
  };
}
