/**
 * A session-owner node in a world a test holds in its hands: real embedded stores on a temporary folder, a clock that
 * stands still, and ai nodes and gateways that only write down what they were told.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import type { Backends, EventLog, Presence } from '../../src/backends/contracts.ts';
import { createBackends } from '../../src/backends/create-backends.ts';
import { loadConfig, type Config } from '../../src/config.ts';
import { randomId } from '../../src/ids.ts';
import type { ActionParams, EventPayload, RunChunk } from '../../src/protocol/broker.ts';
import { clientEvents, type Event, type WholeMessage } from '../../src/protocol/wire.ts';
import { search } from '../../src/history/search.ts';
import { shared } from '../../src/history/shared.ts';
import { OwnerNode } from '../../src/session-owner/owner-node.ts';
import type { OwnerPorts } from '../../src/session-owner/ports.ts';
import { settle, virtualClock, type VirtualClock } from './virtual-clock.ts';

type Generate = Parameters<OwnerPorts['ai']['generate']>[0];

export interface Harness {
  node: OwnerNode;
  backends: Backends;
  clock: VirtualClock;
  /** Runs that an ai node was asked for, in order. */
  generated: Generate[];
  aborted: string[];
  replays: ActionParams<'ai.replay'>[];
  acks: ActionParams<'ai.ack'>['acks'];
  attached: string[];
  frames: EventPayload<'gateway.frames'>[];
  alive: EventPayload<'gateway.alive'>[];
  resyncs: EventPayload<'gateway.resync'>[];
  changes: EventPayload<'gateway.sessions-changed'>[];
  logged: { text: string; fields: object }[];
  events(): Event[];
  whole(): WholeMessage[];
  /** Changes what a port does, for this test. */
  ports: OwnerPorts;
  /** Text from the ai node of the run that was asked for last. */
  chunk(text: string, offset: number, end?: RunChunk['end']): Promise<void>;
  /** Lets all that needs no time happen. */
  settle(): Promise<void>;
  /** Forgets the node as SIGKILL would and starts another on the same folder. */
  restart(): Promise<Harness>;
  close(): Promise<void>;
}

export const DONE = { outcome: 'completed', finishReason: 'stop', usage: { inputTokens: 1, outputTokens: 2 } } as const;

interface Options {
  env?: Record<string, string>;
  folder?: string;
  clock?: VirtualClock;
  wrapLog?: (log: EventLog) => EventLog;
  presence?: Presence;
  /** Changes the ports before the node starts. */
  prepare?: (ports: OwnerPorts) => void;
}

let started = 0;

export async function ownerHarness(options: Options = {}): Promise<Harness> {
  const folder = options.folder ?? mkdtempSync(join(tmpdir(), 'holdfast-owner-'));
  const config = loadConfig({ DATA_DIR: folder, AUDIT: 'on', ...options.env });
  const backends = await createBackends(config);
  const clock = options.clock ?? virtualClock();
  const seen = recordingPorts(backends);
  options.prepare?.(seen.ports);
  const nodeId = `node-${(started += 1)}`;
  const log = options.wrapLog?.(backends.log) ?? backends.log;
  const node = new OwnerNode({ nodeId, settings: config satisfies Config, log, leases: backends.leases, files: backends.files, outbox: backends.outbox, presence: options.presence ?? backends.presence, ports: seen.ports, clock, random: () => 0.5, newId: randomId });
  await node.start();
  await settle();
  const harness: Harness = {
    ...seen,
    node,
    backends,
    clock,
    events: () => seen.frames.flatMap((frame) => frame.events),
    whole: () => seen.frames.flatMap((frame) => frame.whole ?? []),
    settle: () => settle(),
    async chunk(text, offset, end) {
      const { runId, sessionId } = seen.generated.at(-1)!;
      node.takeChunks({ aiNode: 'ai-1', chunks: [{ runId, sessionId, offset, text, ...(end && { end }) }] });
      await settle();
    },
    async restart() {
      node.directory.dropAll('test: killed');
      await settle();
      await backends.close();
      return ownerHarness({ ...options, folder, clock });
    },
    async close() {
      await node.stop();
      await backends.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
  return harness;
}

/** Ports that write down what they are told; history is the real one. */
export function recordingPorts(backends: Pick<Backends, 'history'>) {
  const generated: Generate[] = [];
  const aborted: string[] = [];
  const replays: ActionParams<'ai.replay'>[] = [];
  const acks: ActionParams<'ai.ack'>['acks'] = [];
  const attached: string[] = [];
  const frames: EventPayload<'gateway.frames'>[] = [];
  const alive: EventPayload<'gateway.alive'>[] = [];
  const changes: EventPayload<'gateway.sessions-changed'>[] = [];
  const logged: { text: string; fields: object }[] = [];
  const write = (fields: object, text: string): void => void logged.push({ fields, text });
  const { history } = backends;
  const resyncs: EventPayload<'gateway.resync'>[] = [];
  const ports: OwnerPorts = {
    ai: {
      async generate(params) {
        generated.push(params);
        return { aiNode: 'ai-1' };
      },
      async attach(_aiNode, { runId }) {
        attached.push(runId);
        return { known: false };
      },
      replay: (_aiNode, params) => void replays.push(params),
      abort: (_aiNode, { runId }) => void aborted.push(runId),
      acknowledge: (_aiNode, params) => void acks.push(...params.acks),
      taken: () => undefined,
    },
    gateway: {
      frames: (payload) => void frames.push(payload),
      alive: (payload) => void alive.push(payload),
      resync: (payload) => void resyncs.push(payload),
      sessionsChanged: (payload) => void changes.push(payload),
    },
    history: {
      store: (session, messages, ratings) => history.store(session, messages, ratings),
      remove: (sessionId, userId, rev) => history.remove(sessionId, userId, rev),
      page: (sessionId, before, limit) => history.page(sessionId, before, limit),
      message: (sessionId, messageId) => history.message(sessionId, messageId),
      session: (sessionId) => history.session(sessionId),
      outline: (sessionId, after) => history.outline(sessionId, after),
      shared: ({ shareId, after, limit }) => shared(history, { shareId, after, limit }),
      search: (params) => search(history, clientEvents['session:search'].extend({ userId: z.string() }).parse(params)),
      list: ({ userId, limit, ...rest }) => history.list(userId, { limit: limit ?? 50, before: rest.before?.toString(), query: rest.query }),
    },
    logger: { info: write, warn: write, error: write },
  };
  return { generated, aborted, replays, acks, attached, frames, alive, resyncs, changes, logged, ports };
}

/** Opens a new session of this user and answers its id. */
export async function newSession(harness: Harness, userId = 'u1'): Promise<string> {
  return (await harness.node.reads.open({ userId })).session.id;
}

export async function sendTo(harness: Harness, sessionId: string, content = 'Hello', clientMessageId = content) {
  const sent = await harness.node.commands.send({ userId: 'u1', sessionId, clientMessageId, content });
  await harness.settle();
  return sent;
}
