/** The body of a request as it comes, up to a hard limit of bytes and of time. */
import type { IncomingMessage } from 'node:http';
import { chatError } from '../../errors.ts';
import type { Clock } from '../../clock.ts';

export interface BodyLimits {
  bytes: number;
  ms: number;
}

/** Throws `too-large` before it reads when the request says how much it is, else as soon as it is too much. */
export async function readBody(request: IncomingMessage, { bytes, ms }: BodyLimits, clock: Clock): Promise<Buffer> {
  if (Number(request.headers['content-length'] ?? 0) > bytes) throw tooLarge(bytes);
  if ((request.headers['content-encoding'] ?? 'identity') !== 'identity') throw chatError('invalid', 'Send the file as it is, without content-encoding.');
  const pieces: Buffer[] = [];
  let size = 0;
  return new Promise((resolve, reject) => {
    const stop = clock.after(ms, () => end(chatError('unavailable', 'The upload took too long. Try again.')));
    const end = (error?: Error): void => {
      stop();
      request.off('data', take);
      if (error) reject(error);
      else resolve(Buffer.concat(pieces));
    };
    const take = (piece: Buffer): void => {
      size += piece.byteLength;
      if (size > bytes) end(tooLarge(bytes));
      else pieces.push(piece);
    };
    request.on('data', take);
    request.once('end', () => end());
    // It left in the middle, and hears no answer.
    request.once('close', () => end(chatError('invalid', 'The upload broke off.')));
    request.once('error', () => end(chatError('invalid', 'The upload broke off.')));
  });
}

function tooLarge(bytes: number): Error {
  return chatError('too-large', `A file may have at most ${bytes} bytes.`);
}
