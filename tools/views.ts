/** Looks a session up where it is kept: the audit trail, history, the event log. */
import { rebuildAll, type RebuiltSession } from '../src/audit/rebuild.ts';
import type { HistoryView, LogView, Views } from '../src/audit/compare.ts';
import type { AuditEntry, AuditReadOptions, Backends } from '../src/backends/contracts.ts';
import type { Trail } from '../src/backends/open-trail.ts';
import { MAX_PAGE } from '../src/protocol/limits.ts';
import type { Message } from '../src/protocol/wire.ts';
import { evolve, initialState, storableThrough } from '../src/session-owner/state.ts';

/** What waits in an outbox that lies in the same place counts as told: nobody delivers it while a tool has the file. */
export async function readTrail({ sink, outbox }: Omit<Trail, 'close'>, options: AuditReadOptions): Promise<Map<string, RebuiltSession>> {
  const entries: AuditEntry[] = [];
  await sink.read(options, (some) => entries.push(...some.filter(isOfUse)));
  const waiting = ((await outbox?.peek(1_000_000)) ?? []).map(({ entry }) => entry).filter(isOfUse);
  entries.push(...waiting.filter(({ sessionId }) => options.sessionId === undefined || sessionId === options.sessionId));
  return rebuildAll(entries);
}

/** Pieces of text are many, and told again when they are finished. */
function isOfUse({ type }: AuditEntry): boolean {
  return type !== 'message.delta';
}

export async function readHistory({ history }: Pick<Backends, 'history'>, sessionId: string): Promise<HistoryView | null> {
  const found = await history.session(sessionId);
  if (!found) return null;
  const messages: Message[] = [];
  for (let before: number | undefined, more = true; more; before = messages[0]?.position) {
    const page = await history.page(sessionId, before, MAX_PAGE);
    messages.unshift(...page.messages);
    more = page.hasMore && page.messages.length > 0;
  }
  return { ...found, messages };
}

async function readLog({ log }: Pick<Backends, 'log'>, sessionId: string): Promise<LogView | null> {
  const found = await log.read(sessionId, 0);
  if (!found) return null;
  const { meta, events } = found;
  const folded = events.reduce(evolve, initialState({ ...meta, deleted: false }));
  return {
    finished: folded.unsaved.map(({ message, seq }) => ({ message, stored: seq <= meta.storedThrough })),
    open: folded.phase.name === 'replying' ? [folded.phase.reply.message.id] : [],
    deleted: meta.deleted,
    settled: meta.storedThrough >= storableThrough(folded),
  };
}

/** The log first, then history: what is stored in between is then in one of them. */
export async function viewsOf(backends: Backends, sessionId: string, trail: RebuiltSession | null, rest: Pick<Views, 'backlog' | 'since'>): Promise<Views> {
  const log = await readLog(backends, sessionId);
  const history = await readHistory(backends, sessionId);
  return { sessionId, trail, history, log, ...rest };
}

/** Sessions that changed since then, of these users, by history's own list: one that the trail lacks is found too. */
export async function changedSince({ history }: Pick<Backends, 'history'>, userIds: Iterable<string>, since: string): Promise<string[]> {
  const found: string[] = [];
  for (const userId of userIds) {
    for (let before: string | undefined, more = true; more; ) {
      const page = await history.list(userId, { limit: MAX_PAGE, ...(before !== undefined && { before }) });
      const due = page.sessions.filter(({ updatedAt }) => updatedAt >= since);
      found.push(...due.map(({ id }) => id));
      before = page.before;
      more = page.hasMore && due.length === page.sessions.length;
    }
  }
  return found;
}
