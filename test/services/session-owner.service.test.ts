import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import moleculer, { type Context, type ServiceBroker } from 'moleculer';
import historyService from '../../services/history.service.ts';
import ownerService from '../../services/session-owner.service.ts';
import { createBackends } from '../../src/backends/create-backends.ts';
import type { Backends } from '../../src/backends/contracts.ts';
import { loadConfig } from '../../src/config.ts';
import { provideNode } from '../../src/node-context.ts';
import { nodeGroup, type ActionParams, type EventPayload } from '../../src/protocol/broker.ts';
import { call, emitTo } from '../../src/typed-call.ts';
import { paramsOf, ZodValidator } from '../../src/zod-validator.ts';
import { until } from '../support/until.ts';

const NODE = 'n1';
let broker: ServiceBroker;
let backends: Backends;
let folder: string;
let generated: ActionParams<'ai.generate'>[];
let aborted: string[];
let frames: EventPayload<'gateway.frames'>[];

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'holdfast-owner-service-'));
  const config = loadConfig({ DATA_DIR: folder });
  backends = await createBackends(config);
  generated = [];
  aborted = [];
  frames = [];
  broker = new moleculer.ServiceBroker({ nodeID: NODE, logger: false, validator: new ZodValidator() });
  provideNode(broker, { config, backends });
  broker.createService(ownerService);
  broker.createService(historyService);
  broker.createService({
    name: 'ai',
    actions: {
      generate: { params: paramsOf('ai.generate'), handler: (ctx: Context<ActionParams<'ai.generate'>>) => (generated.push(ctx.params), { aiNode: NODE }) },
      attach: () => ({ known: false }),
      ack: () => undefined,
      cancel: (ctx: Context<ActionParams<'ai.cancel'>>) => (aborted.push(ctx.params.runId), { known: true }),
    },
  });
  broker.createService({
    name: 'gateway',
    events: { 'gateway.frames': { group: nodeGroup('gateway', NODE), handler: (ctx: Context<EventPayload<'gateway.frames'>>) => void frames.push(ctx.params) } },
  });
  await broker.start();
});

afterEach(async () => {
  await broker.stop();
  await backends.close();
  rmSync(folder, { recursive: true, force: true });
});

const chunks = (text: string, offset: number, completed = false): void => {
  const { runId, sessionId } = generated.at(-1)!;
  const end = { outcome: 'completed', finishReason: 'stop' } as const;
  emitTo(broker, nodeGroup('session-owner', NODE), 'ai.chunks', { aiNode: NODE, chunks: [{ runId, sessionId, offset, text, ...(completed && { end }) }] });
};

it('carries a message from send to history through the broker', async () => {
  const { session } = await call(broker, 'session-owner.open', { userId: 'u1' });
  const { replyId } = await call(broker, 'session-owner.send', { userId: 'u1', sessionId: session.id, clientMessageId: 'c', content: 'Hello' });
  await until('the run', () => generated.length === 1);
  expect(generated[0]).toMatchObject({ ownerNode: NODE, replyId, prefix: '' });
  chunks('one ', 0);
  chunks('two', 4, true);
  await until('the end', () => frames.flatMap(({ events }) => events).some(({ type }) => type === 'message.completed'));
  const page = await call(broker, 'session-owner.history', { userId: 'u1', sessionId: session.id });
  expect(page.messages[1]).toMatchObject({ id: replyId, content: 'one two', status: 'complete' });
  expect(await call(broker, 'session-owner.inspect', { sessionId: session.id })).toMatchObject([{ state: 'idle', node: NODE }]);
});

it('T2 T7 T8 versions are made, shown and chosen through the broker', async () => {
  const { session } = await call(broker, 'session-owner.open', { userId: 'u1' });
  const ours = { userId: 'u1', sessionId: session.id };
  const finished = async (replyId: string, text: string, offset = 0) => {
    await until('the run', () => generated.at(-1)?.replyId === replyId);
    chunks(text, offset, true);
    await until('the end', () => frames.flatMap(({ events }) => events).some((event) => event.type === 'message.completed' && event.messageId === replyId));
    return replyId;
  };
  const { messageId, replyId } = await call(broker, 'session-owner.send', { ...ours, clientMessageId: 'c', content: 'Hello' });
  await finished(replyId, 'one');
  const second = await call(broker, 'session-owner.regenerate', { ...ours, messageId: replyId, clientMessageId: 'r' });
  await finished(second.replyId, 'two');
  const third = await call(broker, 'session-owner.continue', { ...ours, messageId: replyId, clientMessageId: 'k' });
  await finished(third.replyId, ' and more', 3);
  const edited = await call(broker, 'session-owner.edit', { ...ours, messageId, clientMessageId: 'e', content: 'Hello there' });
  await finished(edited.replyId, 'hi');
  const shown = async () => (await call(broker, 'session-owner.open', ours)).messages?.map(({ content }) => content);
  expect(await shown()).toEqual(['Hello there', 'hi']);
  expect(await call(broker, 'session-owner.select', { ...ours, messageId: second.replyId })).toEqual({ tip: second.replyId });
  expect(await shown()).toEqual(['Hello', 'two']);
  const { versions } = await call(broker, 'session-owner.versions', { ...ours, messageId: replyId });
  expect(versions.map(({ content }) => content)).toEqual(['one', 'two', 'one and more']);
});

it('C1 a cancel reaches the ai node', async () => {
  const { session } = await call(broker, 'session-owner.open', { userId: 'u1' });
  const { replyId } = await call(broker, 'session-owner.send', { userId: 'u1', sessionId: session.id, clientMessageId: 'c', content: 'Hello' });
  await until('the run', () => generated.length === 1);
  await until('the acceptance', async () => (await call(broker, 'session-owner.inspect', {}))[0]?.aiNode === NODE);
  expect(await call(broker, 'session-owner.cancel', { userId: 'u1', sessionId: session.id, messageId: replyId })).toEqual({ status: 'cancelled' });
  await until('the abort', () => aborted.includes(generated[0]!.runId));
});

it('N4 hands over when the node is about to stop: nothing is owned any more, and what is logged was shown', async () => {
  const { session } = await call(broker, 'session-owner.open', { userId: 'u1' });
  const renaming = call(broker, 'session-owner.rename', { userId: 'u1', sessionId: session.id, title: 'A title' });
  await until('the claim', async () => (await call(broker, 'session-owner.inspect', {})).length === 1);
  await broker.broadcastLocal('node.handover');
  await renaming;
  expect(await call(broker, 'session-owner.inspect', {})).toEqual([]);
  expect(frames.flatMap(({ events }) => events)).toMatchObject([{ type: 'session.renamed' }]);
});

it('hears only text that is meant for its node', async () => {
  const { session } = await call(broker, 'session-owner.open', { userId: 'u1' });
  await call(broker, 'session-owner.send', { userId: 'u1', sessionId: session.id, clientMessageId: 'c', content: 'Hello' });
  await until('the run', () => generated.length === 1);
  const { runId, sessionId } = generated[0]!;
  emitTo(broker, nodeGroup('session-owner', 'n2'), 'ai.chunks', { aiNode: NODE, chunks: [{ runId, sessionId, offset: 0, text: 'wrong' }] });
  chunks('right', 0, true);
  await until('the end', () => frames.flatMap(({ events }) => events).some(({ type }) => type === 'message.completed'));
  const page = await call(broker, 'session-owner.history', { userId: 'u1', sessionId });
  expect(page.messages[1]?.content).toBe('right');
});

it.each([
  ['no userId', 'session-owner.open', {}],
  ['an empty text', 'session-owner.send', { userId: 'u1', sessionId: 's', clientMessageId: 'c', content: ' ' }],
  ['a negative cursor', 'session-owner.open', { userId: 'u1', sessionId: 's', cursor: { logId: 'a', seq: -1 } }],
])('refuses %s', async (_what, action, params) => {
  await expect(broker.call(action, params)).rejects.toMatchObject({ code: 422, type: 'VALIDATION_ERROR' });
});
