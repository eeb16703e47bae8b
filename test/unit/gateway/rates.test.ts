import { createLineRate, FrameRate, LINES_IN_ALL, LINES_PER_KEY } from '../../../src/gateway/rates.ts';

function frameRate(limit: number) {
  let now = 1_000_000;
  const rate = new FrameRate(limit, { now: () => now, after: () => () => undefined });
  return { rate, pass: (ms: number) => (now += ms) };
}

test('G10 so many frames a second go through, the next waits for the rest of the second', () => {
  const { rate, pass } = frameRate(3);
  expect([rate.take(), rate.take(), rate.take()].map(({ waitMs }) => waitMs)).toEqual([0, 0, 0]);
  pass(400);
  expect(rate.take()).toEqual({ waitMs: 600, isFlood: false, isFirstRefusal: true });
  expect(rate.take()).toMatchObject({ waitMs: 600, isFirstRefusal: false });
  pass(600);
  expect(rate.take().waitMs).toBe(0);
});

test('G10 ten times the rate is a flood', () => {
  const { rate } = frameRate(3);
  const floods = Array.from({ length: 31 }, () => rate.take().isFlood);
  expect(floods.indexOf(true)).toBe(30);
});

test('G10 a clock that was set back does not lock a client out', () => {
  const { rate, pass } = frameRate(1);
  rate.take();
  pass(-60_000);
  expect(rate.take().waitMs).toBe(0);
});

test('G24 one address gets a few lines a minute, all together not many', async () => {
  const lines = createLineRate();
  const taken = async (key: string) => ((await lines.take(key)) ? 1 : 0);
  let ofOne = 0;
  for (let i = 0; i < 50; i += 1) ofOne += await taken('1.2.3.4');
  expect(ofOne).toBe(LINES_PER_KEY);
  let inAll = ofOne;
  for (let i = 0; i < 2 * LINES_IN_ALL; i += 1) inAll += await taken(`10.0.${i % 250}.${i}`);
  expect(inAll).toBe(LINES_IN_ALL);
});
