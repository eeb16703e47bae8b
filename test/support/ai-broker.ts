/** A broker with the real ai service and a listener in the place of the session owner's node. */
import { Writable } from 'node:stream';
import { ServiceBroker, type Context, type ServiceSchema } from 'moleculer';
import aiService from '../../services/ai.service.ts';
import type { Backends } from '../../src/backends/contracts.ts';
import { loadConfig } from '../../src/config.ts';
import { provideNode } from '../../src/node-context.ts';
import { nodeGroup, type ActionParams, type EventPayload, type RunChunk, type RunEnd } from '../../src/protocol/broker.ts';
import { call } from '../../src/typed-call.ts';
import { payloadOf, ZodValidator } from '../../src/zod-validator.ts';
import { assemble } from './assemble.ts';

export interface Heard {
  events: EventPayload<'ai.chunks'>[];
  chunks(runId: string): RunChunk[];
  /** Text of a run put together by offset, from `base` on. */
  text(runId: string, base?: number): string;
  ends(runId: string): RunEnd[];
}

export interface AiBroker {
  broker: ServiceBroker;
  heard: Heard;
  /** What was logged at level info and above, a line each. */
  log: string[];
  generate(params?: Partial<ActionParams<'ai.generate'>>): Promise<{ aiNode: string }>;
}

function listener(broker: ServiceBroker, events: EventPayload<'ai.chunks'>[]): ServiceSchema {
  return {
    name: 'session-owner',
    events: {
      'ai.chunks': {
        group: nodeGroup('session-owner', broker.nodeID),
        params: payloadOf('ai.chunks'),
        handler(ctx: Context<EventPayload<'ai.chunks'>>) {
          events.push(ctx.params);
        },
      },
    },
  };
}

function brokerFor(nodeID: string, log: string[], cluster: boolean): ServiceBroker {
  const destination = new Writable({
    write(line, _encoding, done) {
      log.push(String(line));
      done();
    },
  });
  return new ServiceBroker({
    nodeID,
    logger: { type: 'Pino', options: { level: 'info', pino: { options: { level: 'info' }, destination } } },
    validator: new ZodValidator(),
    skipProcessEventRegistration: true,
    ...(cluster && { transporter: { type: 'Fake' } }),
  });
}

export interface StartOptions {
  env?: Record<string, string>;
  nodeID?: string;
  /** Several brokers of one process see one another. */
  cluster?: boolean;
  /** false: an owner's node, without the ai service. */
  ai?: boolean;
}

export async function startAi({ env = {}, nodeID = 'node-1', cluster = false, ai = true }: StartOptions = {}): Promise<AiBroker> {
  const log: string[] = [];
  const events: EventPayload<'ai.chunks'>[] = [];
  const broker = brokerFor(nodeID, log, cluster);
  // The ai service uses no store.
  provideNode(broker, { config: loadConfig(env), backends: {} as Backends });
  if (ai) broker.createService(aiService);
  broker.createService(listener(broker, events));
  await broker.start();
  const chunks = (runId: string): RunChunk[] => events.flatMap((event) => event.chunks).filter((chunk) => chunk.runId === runId);
  return {
    broker,
    log,
    heard: {
      events,
      chunks,
      text: (runId, base) => assemble(chunks(runId), base),
      ends: (runId) => chunks(runId).flatMap((chunk) => chunk.end ?? []),
    },
    generate: (params) =>
      call(broker, 'ai.generate', {
        runId: 'run-1',
        sessionId: 'session-1',
        replyId: 'reply-1',
        ownerNode: nodeID,
        epoch: 1,
        runNumber: 1,
        messages: [{ role: 'user', content: 'How do I keep an answer whole?' }],
        prefix: '',
        ...params,
      }),
  };
}
