/** What somebody shared, read without a token or a connection. */
import { sharedReplySchema, type SharedReply } from '../../../src/protocol/wire.ts';
import type { Environment } from './environment.ts';
import { callHttp } from './http.ts';
import { failed, localError, succeeded, type Result } from './result.ts';

/** `after`: so many messages are there already. */
export async function readShared(env: Environment, url: string, shareId: string, after = 0): Promise<Result<SharedReply>> {
  const answer = await callHttp(env, `${url}/api/shares/${encodeURIComponent(shareId)}?after=${after}`);
  if (!answer.ok) return answer;
  const page = sharedReplySchema.safeParse(answer.value);
  return page.success ? succeeded(page.data) : failed(localError('bad-answer'));
}
