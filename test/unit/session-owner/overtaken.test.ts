import { Overtaken } from '../../../src/session-owner/overtaken.ts';
import type { OwnerWorld } from '../../../src/session-owner/owner-settings.ts';
import type { LogMeta } from '../../../src/backends/contracts.ts';
import { virtualClock } from '../../support/virtual-clock.ts';

const meta = { sessionId: 's', rev: 1, deleted: false } as LogMeta;

it('O67 history is asked for a moment only, of one session as of all', async () => {
  const clock = virtualClock();
  const asked: number[] = [];
  const warned: string[] = [];
  const history = { session: () => (asked.push(clock.now()), asked.length === 1 ? new Promise(() => {}) : Promise.resolve({ record: { rev: 2 }, deleted: false })) };
  const logger: Partial<OwnerWorld['ports']['logger']> = { warn: (_, text) => void warned.push(text) };
  const world: object = { clock, ports: { history, logger } };
  const overtaken = new Overtaken(world as OwnerWorld);
  const first = overtaken.has(meta);
  await clock.advance(500);
  expect([await first, warned.length]).toEqual([false, 1]);
  // One that did not answer says nothing of the others.
  expect(await overtaken.has(meta)).toBe(true);
  await clock.advance(500);
  expect([await overtaken.has(meta), asked.length]).toEqual([false, 2]);
});
