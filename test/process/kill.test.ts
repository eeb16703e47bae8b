/** SIGKILL mid-reply, start again: the reply finishes, nothing is lost or doubled. LONG=1: at 50 points. */
import { startHoldfast, type HoldfastProcess } from '../support/holdfast-process.ts';
import { killAndCheck } from '../support/kill-run.ts';
import { seeded } from '../support/seeded.ts';
import { guestToken } from '../support/tab.ts';

const KILLS = process.env['LONG'] === '1' ? 50 : 5;

it(`K9 ${KILLS} SIGKILLs at random points, one after the other on one folder: 0 lost, 0 doubled, every reply ends`, async () => {
  let server: HoldfastProcess = await startHoldfast({ DEMO_TOKENS_PER_SECOND: '150', DEMO_TOKENS: '100', RATE_SENDS: '100000' });
  const token = await guestToken(server.url);
  for (let seed = 1; seed <= KILLS; seed += 1) {
    try {
      server = await killAndCheck(server, token, seeded(seed));
    } catch (err) {
      throw new Error(`seed ${seed}: ${String(err)}`, { cause: err });
    }
  }
  await server.stop();
}, 600_000);
