/** Two owner nodes and two ai nodes on real brokers, in one process, on shared in-memory stores. */
import moleculer, { type Context, type ServiceBroker } from 'moleculer';
import aiService from '../../services/ai.service.ts';
import historyService from '../../services/history.service.ts';
import ownerService from '../../services/session-owner.service.ts';
import { loadConfig } from '../../src/config.ts';
import { chatError } from '../../src/errors.ts';
import { provideNode } from '../../src/node-context.ts';
import { nodeGroup, type EventPayload } from '../../src/protocol/broker.ts';
import { call } from '../../src/typed-call.ts';
import { ZodValidator } from '../../src/zod-validator.ts';
import { CLUSTER_ENV } from '../support/owner-cluster.ts';
import { MemoryWorld } from '../support/fakes/memory-backends.ts';
import { until } from '../support/until.ts';

const user = { userId: 'u1' };
let world: MemoryWorld;
let brokers: ServiceBroker[];
let frames: EventPayload<'gateway.frames'>[];

const gone = new Set<string>();
const listeners = new Set<(nodeId: string) => void>();
const presence = {
  isGone: async (nodeId: string) => gone.has(nodeId),
  onGone: (listener: (nodeId: string) => void) => {
    listeners.add(listener);
    return () => void listeners.delete(listener);
  },
};

async function start(nodeID: string, services: ('ai' | 'session-owner')[], env: Record<string, string> = {}): Promise<ServiceBroker> {
  const config = loadConfig({ ...CLUSTER_ENV, DEMO_TOKENS_PER_SECOND: '100', DEMO_TOKENS: '50', ...env });
  const broker = new moleculer.ServiceBroker({ nodeID, logger: false, validator: new ZodValidator(), skipProcessEventRegistration: true, transporter: { type: 'Fake' }, requestTimeout: 10_000 });
  provideNode(broker, { config, backends: { ...world.backends(), presence } });
  if (services.includes('ai')) broker.createService(aiService);
  if (services.includes('session-owner')) {
    broker.createService(ownerService);
    broker.createService(historyService);
    broker.createService({
      name: 'gateway',
      events: { 'gateway.frames': { group: nodeGroup('gateway', nodeID), handler: (ctx: Context<EventPayload<'gateway.frames'>>) => void frames.push(ctx.params) } },
    });
  }
  await broker.start();
  brokers.push(broker);
  return broker;
}

const offering = (broker: ServiceBroker, action: string): number => broker.registry.getActionEndpoints(action)?.endpoints.length ?? 0;
const meet = (action: string, count: number) => until(`all know ${count} of ${action}`, () => brokers.every((broker) => offering(broker, action) === count));

async function send(broker: ServiceBroker, clientMessageId = 'c'): Promise<{ sessionId: string; replyId: string }> {
  return call(broker, 'session-owner.send', { ...user, clientMessageId, content: 'How do I keep an answer whole?' });
}
const reply = async (broker: ServiceBroker, sessionId: string) => (await call(broker, 'session-owner.history', { ...user, sessionId })).messages[1];
const ended = (broker: ServiceBroker, sessionId: string) => until('the end', async () => (await reply(broker, sessionId))?.status !== 'streaming');

beforeEach(() => {
  world = new MemoryWorld({ audit: false });
  brokers = [];
  frames = [];
  gone.clear();
});
afterEach(async () => {
  await Promise.all(brokers.map((broker) => broker.stop()));
});

it('O65 a cancel at any node reaches the ai node that generates', async () => {
  const one = await start('owner-1', ['session-owner']);
  const two = await start('owner-2', ['session-owner']);
  const ai = await start('ai-1', ['ai'], { DEMO_TOKENS_PER_SECOND: '5' });
  await meet('ai.generate', 1);
  await meet('session-owner.send', 2);
  const { sessionId, replyId } = await send(one);
  await until('the run', async () => (await call(ai, 'ai.status', {})).load === 1);
  await until('its acceptance', async () => (await call(one, 'session-owner.inspect', { sessionId }, { nodeID: 'owner-1' }))[0]?.aiNode === 'ai-1');
  const answer = await call(two, 'session-owner.cancel', { ...user, sessionId, messageId: replyId }, { nodeID: 'owner-2' });
  expect(answer).toEqual({ status: 'cancelled' });
  await until('the run closed', async () => (await call(ai, 'ai.status', {})).load === 0);
});

it('S84 S87 a node that may not compare the log with history asks the one that holds the session', async () => {
  const one = await start('owner-1', ['session-owner']);
  const two = await start('owner-2', ['session-owner']);
  await meet('session-owner.open', 2);
  const { log, history, leases } = world.backends();
  const at = new Date().toISOString();
  const record = { ...user, title: '', createdAt: at, updatedAt: at, rev: 0, nextPosition: 1, messageCount: 0, tip: null };
  const sessions = ['behind-1', 'behind-2'] as const;
  for (const id of sessions) {
    await log.create({ ...record, sessionId: id, logId: 'log1', opsComplete: true });
    await history.store({ ...record, id, title: 'known', rev: 2, nextPosition: 3 }, []);
  }
  world.keepLogs()();
  for (const { nodeID } of [one, two]) await leases.join(nodeID, { lost: () => {}, storeLost: () => {} });
  // As when the answer to its claim was lost: it holds the session and does not know.
  for (const id of sessions) await leases.claim(id, one.nodeID);
  const opened = await call(two, 'session-owner.open', { ...user, sessionId: 'behind-1' });
  expect(opened.session.title).toBe('known');
  expect((await call(two, 'session-owner.history', { ...user, sessionId: 'behind-2' })).messages).toEqual([]);
  for (const id of sessions) expect(await leases.owner(id)).toMatchObject({ nodeId: one.nodeID });
});

it('K37 a full ai node refuses typed and retryable over the network, and the next node takes the run', async () => {
  const owner = await start('owner-1', ['session-owner']);
  for (const id of ['ai-1', 'ai-2']) await start(id, ['ai'], { AI_MAX_CONCURRENT: '1' });
  await meet('ai.generate', 2);
  const sessions = [(await send(owner, 'a')).sessionId, (await send(owner, 'b')).sessionId];
  const at = async () => (await call(owner, 'session-owner.inspect', {})).map((view) => view.aiNode).sort();
  await until('both taken', async () => (await at()).join() === 'ai-1,ai-2');
  const params = { runId: 'x', sessionId: 's', replyId: 'r', ownerNode: 'owner-1', epoch: 1, runNumber: 1, messages: [], prefix: '' };
  await expect(call(owner, 'ai.generate', params, { nodeID: 'ai-1' })).rejects.toMatchObject({ type: 'ai-unavailable', retryable: true, code: 503 });
  const third = await send(owner, 'c');
  for (const sessionId of sessions) await ended(owner, sessionId);
  await ended(owner, third.sessionId);
});

it('K38 thirty replies are spread evenly over three ai nodes', async () => {
  const owner = await start('owner-1', ['session-owner']);
  const ais = await Promise.all(['ai-1', 'ai-2', 'ai-3'].map((id) => start(id, ['ai'], { DEMO_TOKENS_PER_SECOND: '2' })));
  await meet('ai.generate', 3);
  await Promise.all(Array.from({ length: 30 }, (_, n) => send(owner, `c${n}`)));
  await until('all runs', async () => (await Promise.all(ais.map((ai) => call(ai, 'ai.status', {}, { nodeID: ai.nodeID })))).reduce((sum, { load }) => sum + load, 0) === 30);
  expect(await Promise.all(ais.map(async (ai) => (await call(ai, 'ai.status', {}, { nodeID: ai.nodeID })).load))).toEqual([10, 10, 10]);
});

/** An ai node that does this with every run it is asked for. */
async function startStub(nodeID: string, generate: () => Promise<never>): Promise<void> {
  const stub = new moleculer.ServiceBroker({ nodeID, logger: false, transporter: { type: 'Fake' }, skipProcessEventRegistration: true });
  stub.createService({ name: 'ai', actions: { generate, ack: () => undefined, cancel: () => undefined } });
  await stub.start();
  brokers.push(stub);
}

it('K37 a node that just refused is not asked for every other run', async () => {
  const owner = await start('owner-1', ['session-owner']);
  let asked = 0;
  await startStub('ai-full', () => ((asked += 1), Promise.reject(chatError('ai-unavailable', 'full'))));
  await start('ai-1', ['ai'], { DEMO_TOKENS_PER_SECOND: '2' });
  await meet('ai.generate', 2);
  for (let n = 0; n < 20; n += 1) await send(owner, `c${n}`);
  await until('all runs', async () => (await call(owner, 'ai.status', {}, { nodeID: 'ai-1' })).load === 20);
  expect(asked).toBeGreaterThan(0);
  expect(asked).toBeLessThan(6);
});

it('K39 an ai node that dies while it is asked costs no more than it takes to learn that it is gone', async () => {
  const owner = await start('owner-1', ['session-owner']);
  await startStub('ai-dead', () => new Promise(() => {}));
  await start('ai-1', ['ai'], { DEMO_TOKENS_PER_SECOND: '0' });
  await meet('ai.generate', 2);
  const sentAt = performance.now();
  const sessions = [(await send(owner, 'a')).sessionId, (await send(owner, 'b')).sessionId];
  gone.add('ai-dead');
  for (const listener of [...listeners]) listener('ai-dead');
  for (const sessionId of sessions) await ended(owner, sessionId);
  expect(performance.now() - sentAt).toBeLessThan(2_000);
  for (const sessionId of sessions) expect(await reply(owner, sessionId)).toMatchObject({ status: 'complete' });
});
