import { Outgoing } from '../../../src/ai/outgoing.ts';
import type { Run } from '../../../src/ai/run.ts';
import type { RunChunk } from '../../../src/protocol/broker.ts';

/** A run that has `text` to send, once. */
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

test('P15 while an event is on its way to an owner, what comes for it goes into the next one', async () => {
  const sent: [string, string][] = [];
  const leave: (() => void)[] = [];
  const send = (node: string, chunks: RunChunk[]): Promise<void> => {
    sent.push([node, chunks.map(({ text }) => text).join('')]);
    return new Promise((resolve) => leave.push(resolve));
  };
  const outgoing = new Outgoing(send, setImmediate);
  const [slow, other] = [runOf('o1'), runOf('o2')];
  const say = async (to: typeof slow, text: string): Promise<void> => {
    to.write(text);
    outgoing.mark(to.run);
    await turn();
  };
  await say(slow, 'a');
  await say(slow, 'b');
  await say(slow, 'c');
  expect(sent).toEqual([['o1', 'a']]);
  await say(other, 'x');
  expect(sent).toEqual([['o1', 'a'], ['o2', 'x']]);
  leave[0]?.();
  await turn();
  await turn();
  expect(sent).toEqual([['o1', 'a'], ['o2', 'x'], ['o1', 'bc']]);
});

test('P15 an event that could not leave holds nothing back', async () => {
  const sent: string[] = [];
  const outgoing = new Outgoing((node) => (sent.push(node), Promise.reject(new Error('away'))), setImmediate);
  const { run, write } = runOf('o1');
  for (const text of ['a', 'b']) {
    write(text);
    outgoing.mark(run);
    await turn();
    await turn();
  }
  expect(sent).toEqual(['o1', 'o1']);
});
