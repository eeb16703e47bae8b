/** `npm run audit:verify`: do the audit trail, history and the event log tell the same? */
import { compareSession, exitCodeOf, type Row } from '../src/audit/compare.ts';
import type { Backends } from '../src/backends/contracts.ts';
import { COULD_NOT_LOOK, progressTo, runTool, say, sessionIdIn, Unable, withBackends, type Words } from './audit-tool.ts';
import { changedSince, readTrail, viewsOf } from './views.ts';

const USAGE = 'Usage: npm run audit:verify -- (--session <id> | --since <ISO time>) [--json] [--wait <seconds, default 15>]';
const AGAIN_MS = 1_000;

interface Task {
  sessionId?: string;
  /** ISO. */
  since?: string;
}

await runTool(USAGE, { session: { type: 'string' }, since: { type: 'string' }, json: { type: 'boolean' }, wait: { type: 'string' } }, async (words) => {
  const task = taskOf(words);
  const seconds = Number(words['wait'] ?? 15);
  if (!Number.isFinite(seconds) || seconds < 0) throw new Unable(USAGE);
  return withBackends(async (backends) => {
    const rows = await settledRows(backends, task, Date.now() + seconds * 1_000);
    if (rows.length === 0 && task.sessionId !== undefined) throw new Unable(`nothing is known of the session ${task.sessionId}, in no store`);
    const code = exitCodeOf(rows);
    process.stdout.write(words['json'] === true ? `${JSON.stringify({ code, ...counts(rows), rows })}\n` : table(rows));
    if (code === COULD_NOT_LOOK) say('Some of it is still on its way: look again in a while.');
    return code;
  });
});

function taskOf(words: Words): Task {
  const { since, session } = words;
  if ((since === undefined) === (session === undefined)) throw new Unable(USAGE);
  if (session !== undefined) return { sessionId: sessionIdIn(words, USAGE) };
  const time = Date.parse(String(since));
  if (Number.isNaN(time)) throw new Unable(`--since ${String(since)} is no ISO time like 2026-01-31T12:00:00Z\n${USAGE}`);
  return { since: new Date(time).toISOString() };
}

/** Looks again while something is on its way and there is time: at the sessions where it is. */
async function settledRows(backends: Backends, task: Task, until: number): Promise<Row[]> {
  const settled = new Map<string, Row[]>();
  for (;;) {
    await emptyOutbox(backends, until);
    const rows = await lookOnce(backends, task, settled);
    if (!rows.some(isWaiting) || Date.now() > until) return rows;
    await new Promise((resolve) => setTimeout(resolve, AGAIN_MS));
  }
}

async function emptyOutbox({ mode, outbox }: Backends, until: number): Promise<void> {
  if (mode === 'embedded') return;
  while ((await outbox.stats()).entries > 0 && Date.now() < until) await new Promise((resolve) => setTimeout(resolve, 200));
}

function isWaiting({ verdict }: Row): boolean {
  return verdict === 'waiting';
}

/** `settled`: the sessions of which everything has been said, for this look and for the next. */
async function lookOnce(backends: Backends, { sessionId, since }: Task, settled: Map<string, Row[]>): Promise<Row[]> {
  const options = { ...(sessionId !== undefined && { sessionId }), ...(since !== undefined && { since: Date.parse(since) }) };
  const { sink, outbox } = backends;
  const trail = await readTrail({ sink, outbox: backends.mode === 'embedded' ? outbox : null }, { ...options, progress: progressTo(process.stderr) });
  const backlog = backends.mode === 'cluster' && (await backends.outbox.stats()).entries > 0;
  const ids = new Set(sessionId === undefined ? trail.keys() : [sessionId]);
  if (since !== undefined) {
    const users = new Set([...trail.values()].flatMap(({ record }) => (record ? [record.userId] : [])));
    for (const id of await changedSince(backends, users, since)) ids.add(id);
  }
  const found: Row[] = [];
  for (const id of ids) {
    const rows = settled.get(id) ?? compareSession(await viewsOf(backends, id, trail.get(id) ?? null, { backlog, ...(since !== undefined && { since }) }));
    if (!rows.some(isWaiting)) settled.set(id, rows);
    found.push(...rows);
  }
  return found;
}

function counts(rows: Row[]): Record<string, number> {
  const of = (verdict: Row['verdict']): number => rows.filter((row) => row.verdict === verdict).length;
  return { messages: rows.length, replies: rows.filter(({ role }) => role === 'assistant').length, agree: of('agree'), differ: of('differ'), waiting: of('waiting') };
}

function table(rows: Row[]): string {
  const lines = rows.map(({ sessionId, messageId, role, status, verdict, notes }) => [sessionId, messageId ?? '', role, status, verdict, notes.join('; ')]);
  const all = [['session', 'message', 'role', 'status', 'verdict', ''], ...lines];
  const widths = all[0]!.map((_, column) => Math.max(...all.map((line) => line[column]!.length)));
  const text = all.map((line) => line.map((cell, column) => cell.padEnd(widths[column]!)).join('  ').trimEnd()).join('\n');
  const { replies, agree, differ, waiting } = counts(rows);
  return `${text}\n${rows.length} looked at (${replies} replies): ${agree} agree, ${differ} differ, ${waiting} on their way\n`;
}
