/** What the event log, the frames and the audit trail say of the same places. */
import type { Event, Message } from '../../src/protocol/wire.ts';
import { applyEvent, brief, TERMINAL, type Shown } from './fold.ts';
import type { Found, LogAtRest, SessionRecording, TrailEntry } from './recording.ts';

/** The same event, whether it came as a whole or as the short frame of a lone delta. */
function key(event: Event): string {
  if (event.type === 'message.delta') return `delta ${event.text}`;
  const { at: _, ...rest } = event;
  return JSON.stringify(rest, inOrder);
}

/** For JSON.stringify: fields by name, wherever they stood. */
function inOrder(_: string, value: unknown): unknown {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))) : value;
}

/** One place of one log holds one event, for everybody and for ever. */
export function seqsReused({ tabs, log }: SessionRecording): Found[] {
  const places = new Map<string, { key: string; by: string }>();
  const found: Found[] = [];
  const see = (logId: string, event: Event, by: string): void => {
    const place = `${logId}/${event.seq}`;
    const first = places.get(place);
    if (!first) places.set(place, { key: key(event), by });
    else if (first.key !== key(event)) found.push({ kind: 'seq-reused', detail: `${place} is ${first.key.slice(0, 80)} for ${first.by} and ${key(event).slice(0, 80)} for ${by}` });
  };
  for (const { name, entries } of tabs) {
    for (const entry of entries) {
      if (entry.kind === 'frame') for (const event of entry.events) see(entry.logId, event, name);
      if (entry.kind === 'opened') for (const event of entry.reply.events ?? []) see(entry.reply.cursor.logId, event, name);
    }
  }
  for (const event of log?.events ?? []) see(log!.logId, event, 'the log');
  return found;
}

/** The log itself: no hole, one end for each reply, and the texts of history. */
export function logAgrees(log: LogAtRest, stored: Message[]): Found[] {
  const found: Found[] = [];
  const messages = new Map<string, Shown>();
  const first = log.events[0]?.seq ?? log.head + 1;
  log.events.forEach((event, n) => {
    if (event.seq !== first + n) found.push({ kind: 'gap', detail: `the log ${log.logId} has ${event.seq} at place ${first + n}` });
    const wrong = applyEvent(messages, event);
    if (wrong) found.push({ kind: wrong, detail: `${event.type} at ${event.seq} of the log ${log.logId}` });
  });
  const last = log.events.at(-1)?.seq ?? log.head;
  if (last !== log.head) found.push({ kind: 'gap', detail: `the log ${log.logId} ends at ${last}, its head is ${log.head}` });
  for (const message of messages.values()) {
    const kept = stored.find(({ id }) => id === message.id);
    if (!kept) found.push({ kind: 'differs', detail: `${message.id} is in the log and not in history` });
    else if (kept.content !== message.content || kept.status !== message.status) found.push({ kind: 'differs', detail: `${message.id} is ${brief(message)} in the log and ${brief(kept)} in history` });
  }
  return found;
}

/** Within one log epochs never go back, a reply ends once, and what is finished is there as history has it. */
export function trailAgrees(trail: TrailEntry[], stored: Message[]): Found[] {
  const found: Found[] = [];
  const once = [...new Map(trail.map((entry) => [entry.id, entry])).values()];
  for (const [logId, entries] of grouped(once, (entry) => entry.logId)) {
    const ordered = entries.toSorted((a, b) => a.seq - b.seq);
    ordered.slice(1).forEach((entry, n) => {
      if (entry.epoch < ordered[n]!.epoch) found.push({ kind: 'stale-write', detail: `${logId}/${entry.seq} was written under epoch ${entry.epoch}, after epoch ${ordered[n]!.epoch}` });
    });
    const ends = ordered.filter(({ type }) => type in TERMINAL);
    for (const [messageId, of] of grouped(ends, (entry) => entry.messageId ?? '')) {
      if (of.length > 1) found.push({ kind: 'two-ends', detail: `${messageId} ended ${of.length} times in the log ${logId} of the trail` });
    }
  }
  for (const message of stored) found.push(...audited(message, once));
  return found;
}

function grouped<T>(items: T[], keyOf: (item: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const item of items) groups.set(keyOf(item), [...(groups.get(keyOf(item)) ?? []), item]);
  return groups;
}

function audited(message: Message, trail: TrailEntry[]): Found[] {
  const of = trail.filter(({ messageId }) => messageId === message.id);
  if (message.role === 'user') return of.some(({ type }) => type === 'message.created') ? [] : [{ kind: 'not-audited', detail: `${message.id} is not in the trail` }];
  // Told again by a restored log: the newest owner's word counts.
  const end = of.filter(({ type }) => type in TERMINAL).toSorted((a, b) => a.epoch - b.epoch).at(-1);
  if (!end) return [{ kind: 'not-audited', detail: `the end of ${message.id} is not in the trail` }];
  if (TERMINAL[end.type as Event['type']] === message.status && (end.content ?? message.content) === message.content) return [];
  return [{ kind: 'differs', detail: `${message.id} is ${end.type} ${end.content?.length} in the trail and ${brief(message)} in history` }];
}
