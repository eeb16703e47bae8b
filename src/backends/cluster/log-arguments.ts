/** What `append` and `restore` hand to their scripts. */
import type { RestoreRequest } from '../contracts.ts';
import type { Event } from '../../protocol/wire.ts';
import { auditArgs, type OutboxSettings } from './outbox.ts';

interface Body extends Pick<RestoreRequest, 'events' | 'ops' | 'audit'> {
  fields: string[];
}

/** The end of the arguments of `append` and `restore`: four numbers, then what they count. */
export function bodyOf({ events, fields, ops, audit }: Body, outbox: OutboxSettings): (string | number)[] {
  const entries = auditArgs(audit, outbox);
  return [
    ...[events.length, fields.length / 2, ops.length, entries.length / 2],
    ...events.map((event) => JSON.stringify(event)),
    ...fields,
    ...ops.flatMap(({ id, result }) => [id, JSON.stringify(result)]),
    ...entries,
  ];
}

/** Throws on the caller's mistake: events that do not follow one another. */
export function checkSeqs(events: Event[], firstSeq: number): void {
  events.forEach((event, index) => {
    if (event.seq === firstSeq + index) return;
    throw new Error(`Event ${index} of the batch has seq ${event.seq}, expected ${firstSeq + index}.`);
  });
}
