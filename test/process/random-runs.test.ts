/** 200 random runs with several tabs on one session each: every tab ends with the stored text, byte for byte. */
import { startHoldfast, type HoldfastProcess } from '../support/holdfast-process.ts';
import { playRandomSession } from '../support/random-session.ts';
import { seeded } from '../support/seeded.ts';
import { guestToken } from '../support/tab.ts';

const RUNS = 200;
const AT_ONCE = 20;
let server: HoldfastProcess;

beforeAll(async () => {
  server = await startHoldfast({ DEMO_TOKENS_PER_SECOND: '400', DEMO_TOKENS: '100', RATE_SENDS: '100000', RATE_FRAMES: '1000' });
});

it(`R11 ${RUNS} random runs of drop, reload, resume and cancel end the same everywhere`, async () => {
  const token = await guestToken(server.url);
  for (let from = 0; from < RUNS; from += AT_ONCE) {
    const seeds = Array.from({ length: AT_ONCE }, (_, i) => from + i + 1);
    await Promise.all(seeds.map(async (seed) => {
      try {
        await playRandomSession(server.url, token, seeded(seed));
      } catch (err) {
        throw new Error(`seed ${seed}: ${String(err)}`, { cause: err });
      }
    }));
  }
}, 180_000);
