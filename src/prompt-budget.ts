/** How the token budget of a prompt is shared. Pure, so that whoever takes a run over builds the same prompt. */
import { isImage } from './protocol/is-image.ts';
import type { MessageFile } from './protocol/wire.ts';

/** Fair for Latin scripts, low for CJK: the budget is a bound on cost, not the model's context limit. */
export function estimateTokens(text: string): number {
  return tokensOf(Buffer.byteLength(text));
}

export function tokensOf(bytes: number): number {
  return Math.ceil(bytes / BYTES_PER_TOKEN) + 4;
}

const BYTES_PER_TOKEN = 4;
/** What one image costs at most models, or a little more. */
export const IMAGE_TOKENS = 1_000;
/** Of the room that is left, files take at most so much: the conversation goes on beside them. */
const FILES_SHARE = 0.75;
/** Less than this of a text says nothing. */
const LEAST_BYTES = 200;

type Sized = Pick<MessageFile, 'type' | 'bytes'> & { read?: number };

/** About how many bytes of text files reach the model with one message. */
export function readableBytes(budget: number): number {
  return Math.floor(budget * FILES_SHARE) * BYTES_PER_TOKEN;
}

/**
 * How many bytes of each file are given, `room` being the tokens left for them: images whole or not at all, first come
 * first served; texts in equal parts, where what a short one leaves is for the others.
 */
export function allot(room: number, files: Sized[]): number[] {
  let left = Math.max(0, readableBytes(room));
  const given = files.map((file) => {
    const cost = IMAGE_TOKENS * BYTES_PER_TOKEN;
    if (!isImage(file) || left < cost) return 0;
    left -= cost;
    return file.bytes;
  });
  const texts = files.flatMap((file, index) => (isImage(file) ? [] : [{ wanted: file.read ?? file.bytes, index }]));
  texts.sort((a, b) => a.wanted - b.wanted);
  texts.forEach(({ wanted, index }, place) => {
    const part = Math.min(wanted, Math.floor(left / (texts.length - place)));
    const bytes = part < wanted && part < LEAST_BYTES ? 0 : part;
    given[index] = bytes;
    left -= bytes;
  });
  return given;
}
