/** The request that uploads a file: read by the server alone, and no part of what the page loads first. */
import { z } from 'zod';
import * as limits from './limits.ts';
import { clientMessageIdSchema, sessionIdSchema } from './wire.ts';

/** Of `POST /api/files`, whose body is the file itself. */
export const uploadQuery = z.object({
  sessionId: sessionIdSchema,
  /** Without folders and control characters, which do no name any good. */
  name: z
    .string()
    .transform((text) => text.replace(/^.*[/\\]/s, '').replace(/[\p{Cc}\p{Cs}\u2028-\u202e\u2066-\u2069\s]+/gu, ' ').trim())
    .pipe(z.string().min(1, 'must not be empty').max(limits.MAX_FILE_NAME_LENGTH, `must be at most ${limits.MAX_FILE_NAME_LENGTH} characters`)),
  /** Chosen by the client: the same again is the same file. */
  clientFileId: clientMessageIdSchema,
});
