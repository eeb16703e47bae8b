import { ask, framesOf, startGateway, type TestGateway } from '../support/gateway-harness.ts';
import { until } from '../support/until.ts';

let node: TestGateway;
beforeAll(async () => {
  node = await startGateway();
});
afterAll(() => node.stop());

test('G1 a guest gets a token, connects, opens, sends, and sees the reply stream', async () => {
  const guest = await node.guest();
  const client = await node.connect({ token: guest.token, protocol: 1 });
  const frames = framesOf(client);
  expect(client.hello).toEqual({ nodeId: 'node-1', userId: guest.userId, protocol: 1, expiresAt: guest.expiresAt, sharing: true, files: expect.any(Object) });
  expect(await ask(client, 'session:open', {})).toMatchObject({ ok: true, session: { id: 'new-session1' } });
  expect(await ask(client, 'message:send', { sessionId: 'new-session1', clientMessageId: 'c1', content: 'Hi' })).toEqual({
    ok: true, sessionId: 'new-session1', messageId: 'm1', replyId: 'r1', duplicate: false, status: 'streaming',
  });
  node.emit('gateway.frames', { userId: guest.userId, sessionId: 'new-session1', logId: 'LOG1', events: [{ seq: 1, at: 'now', type: 'message.delta', messageId: 'r1', text: 'Hello' }] });
  await until('the delta', () => frames.length > 0);
  expect(frames).toEqual([['delta', ['new-session1', 'LOG1', 1, 'Hello']]]);
  expect(node.calls.map(({ action, params }) => [action, params['userId']])).toEqual([
    ['session-owner.open', guest.userId],
    ['session-owner.send', guest.userId],
  ]);
});
