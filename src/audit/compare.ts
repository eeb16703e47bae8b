/**
 * Whether the audit trail, history and the event log tell the same of a session, message by message. What is merely on
 * its way (in the outbox, or not yet stored) is `waiting`, not a difference. Pure.
 */
import type { SessionRecord } from '../protocol/broker.ts';
import type { Message } from '../protocol/wire.ts';
import { canonicalJson, differences } from './canonical.ts';
import type { RebuiltSession } from './rebuild.ts';

export interface HistoryView {
  record: SessionRecord;
  deleted: boolean;
  messages: Message[];
}
/** What the log still has; messages that were trimmed are not in it. */
export interface LogView {
  /** `stored`: history has acknowledged it. */
  finished: { message: Message; stored: boolean }[];
  open: string[];
  deleted: boolean;
  /** History has acknowledged everything that is finished. */
  settled: boolean;
}
export interface Views {
  sessionId: string;
  trail: RebuiltSession | null;
  history: HistoryView | null;
  log: LogView | null;
  /** Entries wait in the outbox, perhaps of this session. */
  backlog: boolean;
  /** Only what is this old or younger, ISO; the trail may lack what is older. */
  since?: string;
}

export type Verdict = 'agree' | 'differ' | 'waiting';
/** About one message, or about the session itself when there is no messageId. */
export interface Row {
  sessionId: string;
  messageId: string | null;
  role: string;
  status: string;
  verdict: Verdict;
  notes: string[];
}

export function compareSession(views: Views): Row[] {
  const { trail, history, log } = views;
  if (trail?.deleted === true || history?.deleted === true || log?.deleted === true) return [deletedRow(views)];
  const ids = new Set([...(trail?.messages ?? []), ...(log?.finished ?? []).map(({ message }) => message), ...(history?.messages ?? [])].filter(isDue(views)).map(({ id }) => id));
  for (const id of [...(trail?.omitted ?? []), ...(trail?.endedTwice ?? [])]) ids.add(id);
  const rows = [...ids].map((id) => messageRow(views, id));
  const record = recordRow(views);
  return record ? [...rows, record] : rows;
}

/** A reply that is older than `since` but ended after it is in the trail; what only history knows goes by its beginning. */
function isDue({ since, trail }: Views): (message: Message) => boolean {
  if (since === undefined) return () => true;
  return ({ id, createdAt }) => (trail?.finishedAt.get(id) ?? createdAt) >= since;
}

function messageRow(views: Views, id: string): Row {
  const inTrail = views.trail?.messages.find((message) => message.id === id);
  const inHistory = views.history?.messages.find((message) => message.id === id);
  const inLog = views.log?.finished.find(({ message }) => message.id === id);
  const known = inHistory ?? inTrail ?? inLog?.message;
  const wrong: string[] = [];
  const late: string[] = [];
  if (!inTrail && views.trail?.omitted.includes(id) === true) wrong.push('too large for the audit trail, its text is not there');
  else if (!inTrail) (views.backlog ? late : wrong).push(views.trail?.open.includes(id) === true ? 'has no end in the audit trail' : 'missing in the audit trail');
  if (!inHistory) (inLog?.stored === false ? late : wrong).push('missing in history');
  if (views.trail?.endedTwice.includes(id) === true) wrong.push('ended twice in one log');
  if ((views.history?.messages ?? []).filter((message) => message.id === id).length > 1) wrong.push('twice in history');
  const { feedback: told = null } = inTrail ?? {};
  const { feedback: kept = null } = inHistory ?? {};
  if (inTrail && inHistory && canonicalJson(told) !== canonicalJson(kept)) (isOnItsWay(views) ? late : wrong).push('audit trail and history differ in feedback');
  const sources: [string, Message | undefined][] = [['audit trail', inTrail], ['history', inHistory], ['log', inLog?.message]];
  wrong.push(...contradictions(sources));
  return { sessionId: views.sessionId, messageId: id, role: known?.role ?? '?', status: known?.status ?? '?', verdict: verdictOf(wrong, late), notes: [...wrong, ...late] };
}

function contradictions(sources: [string, Message | undefined][]): string[] {
  const [first, ...others] = sources.flatMap(([name, message]) => (message ? [{ name, message: bare(message) }] : []));
  if (!first) return [];
  return others.flatMap(({ name, message }) => {
    const fields = differences(first.message, message);
    return fields.length === 0 ? [] : [`${first.name} and ${name} differ in ${fields.map((field) => described(field, first.message, message)).join(', ')}`];
  });
}

/** Feedback may wait in the outbox, or for the end of a reply that is open. */
function isOnItsWay({ log, backlog }: Views): boolean {
  return backlog || (log !== null && (!log.settled || log.open.length > 0));
}

/** Lengths, never texts. */
function described(field: string, a: Message, b: Message): string {
  return field === 'content' ? `content (${a.content.length} and ${b.content.length} characters)` : field;
}

/** `siblings` and `versions` are counted when a message is read, and feedback is compared apart. */
function bare({ siblings: _counted, versions: _listed, feedback: _said, ...message }: Message): Message {
  return message;
}

/** The session's record, once nothing is open or under way. */
function recordRow({ sessionId, trail, history, log, backlog }: Views): Row | null {
  const record = trail?.record ?? null;
  if (!history || record === null || canonicalJson(record) === canonicalJson(history.record)) return null;
  if (log && (log.open.length > 0 || !log.settled)) return null;
  if (backlog && record.rev < history.record.rev) return sessionRow(sessionId, [], ['the session record in the audit trail is behind']);
  const fields = differences(record, history.record);
  return sessionRow(sessionId, [`audit trail and history differ in the session's ${fields.join(', ')}`], []);
}

/** Of a deleted session history keeps a tombstone and no text. */
function deletedRow({ sessionId, trail, history, log, backlog, since }: Views): Row {
  const wrong: string[] = [];
  const late: string[] = [];
  if (trail?.deleted !== true && since === undefined) (backlog ? late : wrong).push('its deletion is missing in the audit trail');
  if (history && !history.deleted) (log?.settled === false ? late : wrong).push('deleted, but not in history');
  if (history && history.deleted && history.messages.length > 0) wrong.push(`deleted, but history has ${history.messages.length} messages of it`);
  return { ...sessionRow(sessionId, wrong, late), status: 'deleted' };
}

function sessionRow(sessionId: string, wrong: string[], late: string[]): Row {
  return { sessionId, messageId: null, role: 'session', status: '', verdict: verdictOf(wrong, late), notes: [...wrong, ...late] };
}

function verdictOf(wrong: string[], late: string[]): Verdict {
  if (wrong.length > 0) return 'differ';
  return late.length > 0 ? 'waiting' : 'agree';
}

/** 0: everything agrees; 1: something does not; 2: that cannot be said yet. */
export function exitCodeOf(rows: Row[]): 0 | 1 | 2 {
  if (rows.some(({ verdict }) => verdict === 'differ')) return 1;
  return rows.some(({ verdict }) => verdict === 'waiting') ? 2 : 0;
}
