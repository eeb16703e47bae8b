import { DONE, newSession, ownerHarness, sendTo, type Harness } from '../../support/owner-harness.ts';

let harness: Harness;
afterEach(() => harness.close());

test('M11 the lock of a session is shown, and taken away only from the owner that was seen', async () => {
  harness = await ownerHarness();
  const { operator } = harness.node;
  expect(await operator.lock('nobody-knows')).toBeNull();
  const sessionId = await newSession(harness);
  await sendTo(harness, sessionId);
  await harness.chunk('one ', 0);
  const lock = (await operator.lock(sessionId))!;
  expect(lock).toEqual({ nodeId: expect.any(String), epoch: 1, actor: true });
  expect(await operator.release({ sessionId, nodeId: lock.nodeId, epoch: 2 })).toBe(false);
  expect(await operator.release({ sessionId, nodeId: 'another', epoch: 1 })).toBe(false);
  expect((await operator.lock(sessionId))?.epoch).toBe(1);
});

test('M11 a released session stops being written at once and goes on from its log under the next epoch', async () => {
  harness = await ownerHarness();
  const { operator, directory } = harness.node;
  const sessionId = await newSession(harness);
  await sendTo(harness, sessionId);
  await harness.chunk('one ', 0);
  const { nodeId, epoch } = (await operator.lock(sessionId))!;
  expect(await operator.release({ sessionId, nodeId, epoch })).toBe(true);
  expect(directory.view(sessionId)).toEqual([]);
  await harness.chunk('lost', 4, DONE);
  await harness.clock.advance(2_000);
  // The sweep found the open reply.
  expect(await operator.lock(sessionId)).toEqual({ nodeId, epoch: epoch + 1, actor: true });
  expect(harness.generated.at(-1)).toMatchObject({ epoch: epoch + 1, prefix: 'one ' });
  await harness.chunk('two', 4, DONE);
  expect((await harness.backends.history.page(sessionId, undefined, 10)).messages[1]).toMatchObject({ content: 'one two', status: 'complete' });
});
