import type { LogMeta } from '../../../../src/backends/contracts.ts';
import { HeadTeller, mayTakeFrames } from '../../../../src/gateway/sockets/head-teller.ts';
import { virtualClock } from '../../../support/virtual-clock.ts';

const meta = (sessionId: string, head: number, more: Partial<LogMeta> = {}): LogMeta => ({ sessionId, logId: 'l1', head, run: null, ...more }) as LogMeta;

function teller(metaOf: (sessionId: string) => LogMeta | null) {
  const clock = virtualClock();
  const told: object[] = [];
  const asked: string[] = [];
  const warned: unknown[] = [];
  const heads = new HeadTeller({
    clock,
    meta: async (sessionId) => {
      asked.push(sessionId);
      return metaOf(sessionId);
    },
    rooms: () => new Map([['session:a', 'a'], ['whole:a', 'a'], ['session:b', 'b'], ['session:c', 'c'], ['session:d', 'd']]),
    tell: (_rooms, known) => void told.push(known),
    warn: (err) => void warned.push(err),
  });
  return { heads, clock, told, asked, warned };
}

it('G29 after a node is gone the heads of sessions in which nothing streams are told, each read once', async () => {
  const known: Record<string, LogMeta> = { a: meta('a', 7), b: meta('b', 3, { run: {} as never }), c: meta('c', 0) };
  const { heads, clock, told, asked } = teller((id) => known[id] ?? null);
  heads.nodeGone();
  await clock.advance(0);
  expect(asked).toEqual(['a', 'b', 'c', 'd']);
  expect(told).toEqual([{ a: { logId: 'l1', seq: 7 } }]);
  await clock.advance(10_000);
  expect(told).toHaveLength(1);
});

it('G29 a node that goes while they are read is followed by another look', async () => {
  const { heads, clock, told } = teller((id) => meta(id, 1));
  heads.nodeGone();
  heads.nodeGone();
  await clock.advance(0);
  expect(told).toHaveLength(2);
});

it('G29 a log that cannot be read is asked again until it can, and not by a gateway that stopped', async () => {
  let away = true;
  const { heads, clock, told, warned } = teller((id) => {
    if (away) throw new Error('away');
    return meta(id, 1);
  });
  heads.nodeGone();
  await clock.advance(2_500);
  expect(warned).toHaveLength(3);
  away = false;
  await clock.advance(1_000);
  expect(told).toHaveLength(1);
  away = true;
  heads.nodeGone();
  await clock.advance(0);
  heads.stop();
  away = false;
  await clock.advance(10_000);
  expect(told).toHaveLength(1);
});

it.each([
  [undefined, true],
  [[], true],
  [['$node', 'gateway'], true],
  [['session-owner'], true],
  [['$node', 'ai'], false],
])('G29 a node with the services %j may take frames with it: %j', (names, may) => {
  expect(mayTakeFrames(names?.map((name) => ({ name })))).toBe(may);
});
