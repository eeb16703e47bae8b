import { InOrder } from '../../../../src/gateway/sockets/in-order.ts';

test('tasks of one key run one after the other, also after one that failed; another key does not wait', async () => {
  const order = new InOrder();
  const done: string[] = [];
  let finish = (): void => undefined;
  const first = order.run('a', async () => {
    await new Promise<void>((resolve) => (finish = resolve));
    done.push('a1');
    throw new Error('a1 failed');
  });
  const second = order.run('a', async () => done.push('a2'));
  await order.run('b', async () => done.push('b1'));
  expect(done).toEqual(['b1']);
  finish();
  await expect(first).rejects.toThrow('a1 failed');
  await second;
  expect(done).toEqual(['b1', 'a1', 'a2']);
});
