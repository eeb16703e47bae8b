import { Writable } from 'node:stream';
import { gatherWrites } from '../../../src/backends/cluster/gather-writes.ts';

/** A connection that notes what it is given at once. */
function connection() {
  const writes: string[] = [];
  const stream = new Writable({
    decodeStrings: false,
    write: (text, _, done) => (writes.push(String(text)), done()),
    writev: (parts, done) => (writes.push(parts.map(({ chunk }) => String(chunk)).join('')), done()),
  });
  const send = (command: string): void => {
    gatherWrites({ stream });
    stream.write(command);
  };
  return { stream, writes, send };
}
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test('X15 what is sent within one turn, its promises included, leaves in one write and in order', async () => {
  const { writes, send } = connection();
  send('a');
  send('b');
  await Promise.resolve();
  send('c');
  await turn();
  expect(writes).toEqual(['abc']);
  send('d');
  await turn();
  expect(writes).toEqual(['abc', 'd']);
});

test('X15 a connection that is not there, or gone, is left alone', async () => {
  const { stream } = connection();
  gatherWrites({});
  stream.destroy();
  gatherWrites({ stream });
  await turn();
  expect(stream.writableCorked).toBe(0);
});
