/** Random losses between an ai node and the owners of one reply: what is put together in the end is what was said. */
import fc from 'fast-check';
import type { RunChunk, RunEnd } from '../../../src/protocol/broker.ts';
import { request, rig, type Rig } from './runs-rig.ts';

type Step =
  | { do: 'say'; text: string }
  | { do: 'finish' }
  | { do: 'wait'; ms: number }
  | { do: 'lose'; events: number }
  | { do: 'ack'; lost: boolean }
  | { do: 'takeover'; late: boolean };

const piece = fc.array(fc.constantFrom('a', 'đ ', '\uD83D', '\uDE80', '🚀', 'xyz\n'), { minLength: 1, maxLength: 4 }).map((units) => units.join(''));
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 6, arbitrary: piece.map((text): Step => ({ do: 'say', text })) },
  { weight: 1, arbitrary: fc.constant<Step>({ do: 'finish' }) },
  { weight: 4, arbitrary: fc.integer({ min: 0, max: 1_500 }).map((ms): Step => ({ do: 'wait', ms })) },
  { weight: 3, arbitrary: fc.integer({ min: 1, max: 4 }).map((events): Step => ({ do: 'lose', events })) },
  { weight: 4, arbitrary: fc.boolean().map((lost): Step => ({ do: 'ack', lost })) },
  { weight: 2, arbitrary: fc.boolean().map((late): Step => ({ do: 'takeover', late })) },
);

/** The owners of one reply, one after the other, over one log that survives them. */
class Owners {
  log = '';
  end: RunEnd | undefined;
  ends = 0;
  epoch = 1;
  private read = 0;
  private losing = 0;
  private readonly ai: Rig;
  private readonly base: number;

  constructor(ai: Rig, prefix: string) {
    this.ai = ai;
    this.base = prefix.length;
    this.log = prefix;
  }

  /** What left the ai node since, of which the next events are lost, and what is for another node is nobody's. */
  hear(): void {
    for (; this.read < this.ai.sent.length; this.read += 1) {
      const event = this.ai.sent[this.read];
      if (this.losing > 0) this.losing -= 1;
      else if (event?.node === this.node) event.chunks.forEach((chunk) => this.take(chunk));
    }
  }
  lose(events: number): void {
    this.hear();
    this.losing += events;
  }
  ack(): void {
    this.hear();
    this.ai.runs.ack([{ runId: 'run-1', epoch: this.epoch, offset: this.log.length, ended: this.end !== undefined }]);
  }
  takeover(oneActsLate: boolean): void {
    this.hear();
    const before = { runId: 'run-1', epoch: this.epoch };
    this.epoch += 1;
    if (this.end !== undefined) return;
    this.ai.runs.attach({ runId: 'run-1', ownerNode: this.node, epoch: this.epoch, offset: this.log.length });
    if (!oneActsLate) return;
    this.ai.runs.ack([{ ...before, offset: this.log.length + 1, ended: true }]);
    this.ai.runs.cancel(before);
    this.ai.runs.attach({ ...before, ownerNode: 'owner-0', offset: this.base });
  }
  get node(): string {
    return `owner-${this.epoch}`;
  }

  private take(chunk: RunChunk): void {
    if (!chunk.text.isWellFormed()) throw new Error(`a chunk cuts a pair: ${JSON.stringify(chunk.text)}`);
    if (chunk.offset > this.log.length) {
      // Asked in the middle of an event, as it happens: the answer is sent while this one is read.
      this.ai.runs.replay({ runId: 'run-1', epoch: this.epoch, offset: this.log.length });
      return;
    }
    const known = this.log.length - chunk.offset;
    if (this.log.slice(chunk.offset, chunk.offset + chunk.text.length) !== chunk.text.slice(0, known)) throw new Error('the same offset said two things');
    this.log += chunk.text.slice(known);
    if (chunk.end === undefined || this.end !== undefined) return;
    this.end = chunk.end;
    this.ends += 1;
  }
}

test('P3 P4 P5 P6 P8 whatever is lost, repeated or taken over, the log ends with exactly what the provider said, and one end', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 60 }), fc.constantFrom('', 'prefix 🚀 '), async (steps, prefix) => {
      const ai = rig({ AI_ORPHAN_MS: 600_000, AI_STALL_MS: 600_000, AI_FIRST_TOKEN_MS: 600_000 });
      ai.runs.generate(request({ prefix }));
      const owners = new Owners(ai, prefix);
      const said: string[] = [];
      let finished = false;
      for (const now of steps) {
        if (now.do === 'say' && !finished) {
          said.push(now.text);
          ai.provider.call().text(now.text);
        } else if (now.do === 'finish') {
          finished = true;
          ai.provider.call().finish();
        } else if (now.do === 'wait') await ai.clock.advance(now.ms);
        else if (now.do === 'lose') owners.lose(now.events);
        else if (now.do === 'ack' && !now.lost) owners.ack();
        else if (now.do === 'takeover') owners.takeover(now.late);
      }
      ai.provider.call().finish();
      for (let round = 0; round < 20 && ai.runs.views().length > 0; round += 1) {
        await ai.clock.advance(1_000);
        owners.ack();
      }
      expect(owners.log).toBe(prefix + said.join('').toWellFormed());
      expect(owners.end).toMatchObject({ outcome: 'completed' });
      expect(owners.ends).toBe(1);
      expect(ai.runs.views()).toEqual([]);
      expect(ai.provider.calls).toHaveLength(1);
    }),
    { seed: 20_260_101, numRuns: 300 },
  );
}, 60_000);
