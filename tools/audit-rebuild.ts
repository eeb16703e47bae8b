/** `npm run audit:rebuild`: a session as the audit trail alone knows it, in the bytes that history's own would have. */
import { canonicalJson } from '../src/audit/canonical.ts';
import { withSiblings } from '../src/audit/rebuild.ts';
import type { Trail } from '../src/backends/open-trail.ts';
import { progressTo, runTool, say, sessionIdIn, Unable, withBackends, withTrail } from './audit-tool.ts';
import { readHistory, readTrail } from './views.ts';

const USAGE = 'Usage: npm run --silent audit:rebuild -- --session <id> [--from trail|history]';

await runTool(USAGE, { session: { type: 'string' }, from: { type: 'string' } }, async (words) => {
  const sessionId = sessionIdIn(words, USAGE);
  const from = words['from'] ?? 'trail';
  if (from !== 'trail' && from !== 'history') throw new Unable(USAGE);
  const session = from === 'trail' ? await withTrail((trail) => fromTrail(trail, sessionId)) : await withBackends((backends) => readHistory(backends, sessionId));
  if (!session) throw new Unable(`the ${from === 'trail' ? 'audit trail' : 'history'} has nothing of the session ${sessionId}`);
  process.stdout.write(`${canonicalJson(session, 2)}\n`);
  return 0;
});

async function fromTrail(trail: Trail, sessionId: string): Promise<object | null> {
  const session = (await readTrail(trail, { sessionId, progress: progressTo(process.stderr) })).get(sessionId);
  if (!session) return null;
  if (session.open.length > 0) say(`without an end in the trail, left out: ${session.open.join(', ')}`);
  if (session.omitted.length > 0) say(`too large for the trail, left out: ${session.omitted.join(', ')}`);
  // Of a deleted session history keeps no message either.
  return { record: session.record, deleted: session.deleted, messages: session.deleted ? [] : withSiblings(session.messages) };
}
