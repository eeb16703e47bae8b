import { Backlog, FRAME_OVERHEAD } from '../../../../src/gateway/sockets/slow-readers.ts';

const frame = (bytes: number) => bytes - FRAME_OVERHEAD;

test('G16 what waits in engine.io and what waits in the TCP socket count together', () => {
  const backlog = new Backlog();
  expect(backlog.add(frame(1_000), 0)).toEqual({ waiting: 1_000, counted: 0 });
  expect(backlog.add(frame(1_000), 0)).toEqual({ waiting: 2_000, counted: 1_000 });
  backlog.flushed();
  expect(backlog.add(frame(1_000), 2_000)).toEqual({ waiting: 3_000, counted: 2_000 });
});

test('G16 the largest frame does not count for as long as anything waits, and no longer', () => {
  const backlog = new Backlog();
  backlog.add(frame(8_000), 0);
  backlog.flushed();
  expect(backlog.add(frame(1_000), 8_000)).toEqual({ waiting: 9_000, counted: 1_000 });
  backlog.flushed();
  backlog.add(frame(1_000), 0);
  expect(backlog.add(frame(1_000), 0)).toEqual({ waiting: 2_000, counted: 1_000 });
});

test('G16 tiny frames take room too', () => {
  const backlog = new Backlog();
  for (let i = 0; i < 99; i += 1) backlog.add(0, 0);
  expect(backlog.add(0, 0).waiting).toBe(100 * FRAME_OVERHEAD);
});
