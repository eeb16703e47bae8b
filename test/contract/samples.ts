/** Sessions, events and requests for the contract suites. Every id is new, so suites can share one store. */
import type { AppendRequest, AuditEntry, Backends, Lease, LogMeta, LogSeed } from '../../src/backends/contracts.ts';
import { newLogId, newSessionId, randomId } from '../../src/ids.ts';
import type { SessionRecord } from '../../src/protocol/broker.ts';
import type { Event, Message } from '../../src/protocol/wire.ts';

export const AT = '2026-01-02T03:04:05.678Z';

/** What text must survive every store: U+0000, lone surrogates, pairs, combining marks, line ends. */
export const HARD_TEXT = 'a\u0000b \ud800 c \udc00 😀 é e\u0301 đĐ "quoted" \\ \r\n\u2028 \ufeff';

export type Stores = Pick<Backends, 'leases' | 'log' | 'outbox'>;

export function seedOf(sessionId: string = newSessionId(), over: Partial<LogSeed> = {}): LogSeed {
  return {
    sessionId,
    userId: `user-${sessionId}`,
    title: 'A title',
    createdAt: AT,
    updatedAt: AT,
    rev: 1,
    nextPosition: 1,
    messageCount: 0,
    tip: null,
    logId: newLogId(),
    opsComplete: true,
    ...over,
  };
}

export function deltas(count: number, firstSeq = 1, text = 'word '): Event[] {
  return Array.from({ length: count }, (_, index): Event => {
    return { seq: firstSeq + index, at: AT, type: 'message.delta', messageId: 'reply', text: `${text}${firstSeq + index}` };
  });
}

export function auditEntry(over: Partial<AuditEntry> = {}): AuditEntry {
  const id = randomId(16);
  return { id, at: AT, type: 'message.created', sessionId: null, userId: null, epoch: null, seq: null, data: {}, ...over };
}

export interface Owned {
  lease: Lease;
  meta: LogMeta;
}

/** A new session with a log, owned by a new node. */
export async function ownedSession(stores: Stores, over: Partial<LogSeed> = {}): Promise<Owned> {
  const meta = await stores.log.create(seedOf(undefined, over));
  const nodeId = await joinedNode(stores);
  return { meta, lease: await claimed(stores, meta.sessionId, nodeId) };
}

export async function joinedNode(stores: Stores): Promise<string> {
  const nodeId = `node-${randomId(8)}`;
  await stores.leases.join(nodeId, { lost: () => {}, storeLost: () => {} });
  return nodeId;
}

export async function claimed(stores: Stores, sessionId: string, nodeId: string): Promise<Lease> {
  const result = await stores.leases.claim(sessionId, nodeId);
  if (result.status !== 'claimed') throw new Error(`${sessionId} cannot be claimed: ${JSON.stringify(result)}`);
  return result.lease;
}

/** An append at the beginning of this session's log unless `over` says otherwise. */
export function batch({ lease, meta }: Owned, events: Event[], over: Partial<AppendRequest> = {}): AppendRequest {
  return {
    lease,
    logId: meta.logId,
    firstSeq: events[0]?.seq ?? meta.head + 1,
    batchId: randomId(12),
    events,
    meta: {},
    ops: [],
    audit: [],
    ...over,
  };
}

export function recordOf(over: Partial<SessionRecord> = {}): SessionRecord {
  const id = over.id ?? newSessionId();
  return {
    id,
    userId: `user-${id}`,
    title: 'A title',
    rev: 1,
    createdAt: AT,
    updatedAt: AT,
    messageCount: 0,
    nextPosition: 1,
    tip: null,
    ...over,
  };
}

export function messageOf(sessionId: string, position: number, over: Partial<Message> = {}): Message {
  return {
    id: `m${position}`,
    sessionId,
    position,
    role: position % 2 === 1 ? 'user' : 'assistant',
    content: `text of ${position}`,
    status: 'complete',
    parentId: position === 1 ? null : `m${position - 1}`,
    createdAt: AT,
    ...over,
  };
}
