import { Outgoing } from '../../../src/ai/outgoing.ts';
import type { Run } from '../../../src/ai/run.ts';
import type { RunChunk } from '../../../src/protocol/broker.ts';
import { SendWindow } from '../../../src/ai/send-window.ts';

/** A run that has text to send, once. */
function runOf(ownerNode: string): { run: Run; write(text: string): void } {
  let fresh = '';
  const run = {
    ownerNode,
    takeNew(): RunChunk | null {
      const text = fresh;
      fresh = '';
      return text === '' ? null : { runId: ownerNode, sessionId: 'session-1', offset: 0, text };
    },
  };
  return { run: run as Run, write: (text) => void (fresh += text) };
}
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

interface Sent {
  node: string;
  text: string;
  credit: number | undefined;
}

/** Owners that say nothing by themselves. */
function stage() {
  const sent: Sent[] = [];
  const outgoing = new Outgoing((node, chunks, credit) => void sent.push({ node, text: chunks.map(({ text }) => text).join(''), credit }), setImmediate);
  const say = async (to: ReturnType<typeof runOf>, text: string): Promise<void> => {
    to.write(text);
    outgoing.mark(to.run);
    await turn();
  };
  /** Words, one a turn, until the owner has as much before it as it may have. */
  const fill = async (to: ReturnType<typeof runOf>): Promise<void> => {
    for (let before = -1; before < sent.length; ) {
      before = sent.length;
      await say(to, 'x');
      if (sent.length > 100) throw new Error('the owner may have any number of events');
    }
  };
  return { sent, outgoing, say, fill };
}

test('P15 what an owner has not logged is bounded: past it text waits, and goes as one event when the owner says how far it is', async () => {
  const { sent, outgoing, say, fill } = stage();
  const busy = runOf('o1');
  await fill(busy);
  const before = sent.length;
  for (const word of ['a', 'b', 'c']) await say(busy, word);
  expect(sent).toHaveLength(before);
  const asked = sent.flatMap(({ credit }) => credit ?? []);
  outgoing.taken('o1', asked.at(-1) ?? NaN);
  await turn();
  expect(sent.slice(before)).toMatchObject([{ node: 'o1', text: 'xabc' }]);
});

test('P15 an owner is asked how far it is before it has all it may have, and not for each event', async () => {
  const { sent, fill } = stage();
  await fill(runOf('o1'));
  const asked = sent.map(({ credit }) => credit !== undefined);
  expect(asked.indexOf(true)).toBeLessThan(sent.length - 1);
  expect(asked.filter(Boolean).length).toBeLessThanOrEqual(sent.length / 4);
});

test('P15 owners do not wait for one another', async () => {
  const { sent, say, fill } = stage();
  const [busy, other] = [runOf('o1'), runOf('o2')];
  await fill(busy);
  await say(busy, 'a');
  await say(other, 'y');
  expect(sent.at(-1)).toMatchObject({ node: 'o2', text: 'y' });
});

test('P15 an owner whose word was lost is not waited for longer than from one look to the next', async () => {
  const { sent, outgoing, fill } = stage();
  const busy = runOf('o1');
  await fill(busy);
  const before = sent.length;
  outgoing.look(new Set(['o1']));
  await turn();
  expect(sent).toHaveLength(before);
  outgoing.look(new Set(['o1']));
  await turn();
  expect(sent.slice(before)).toMatchObject([{ node: 'o1', text: 'x' }]);
});

test('P15 an owner that said something between two looks is waited for', () => {
  const window = new SendWindow();
  const credit = window.next(20);
  window.next(20);
  window.look();
  window.taken(credit!);
  window.look();
  expect(window.isOpen).toBe(false);
  window.look();
  expect(window.isOpen).toBe(true);
});

test('P15 a word about more than was sent, or an old one, opens nothing that is closed', () => {
  const window = new SendWindow();
  window.next(40);
  window.taken(40);
  expect(window.isOpen).toBe(true);
  window.next(16);
  window.taken(40);
  expect(window.isOpen).toBe(false);
  window.taken(1_000);
  window.next(16);
  expect(window.isOpen).toBe(false);
});
