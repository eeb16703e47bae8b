/** A real broker with the real gateway on a free port, real clients, and a fake in the place of the session's owner. */
import moleculer, { ServiceBroker, type Context, type ServiceSchema } from 'moleculer';
import { io, type ManagerOptions, type Socket as ClientSocket, type SocketOptions } from 'socket.io-client';
import gatewayService from '../../services/gateway.service.ts';
import type { AuditEntry, Backends } from '../../src/backends/contracts.ts';
import { systemClock } from '../../src/clock.ts';
import { loadConfig } from '../../src/config.ts';
import type { Gateway } from '../../src/gateway/gateway.ts';
import { provideNode } from '../../src/node-context.ts';
import { nodeGroup, type ActionInput, type ActionName, type ActionResults, type EventName, type EventPayload } from '../../src/protocol/broker.ts';
import type { WireError } from '../../src/protocol/errors.ts';
import type { Ack, ClientEventName, HelloFrame, OpenReply, Session } from '../../src/protocol/wire.ts';
import { emitTo } from '../../src/typed-call.ts';
import { paramsOf, ZodValidator } from '../../src/zod-validator.ts';
import { FakeQuotas } from './fakes/memory-quotas.ts';
import { stubBackends } from './stub-backends.ts';

export type OwnerAction = Extract<ActionName, `session-owner.${string}`>;
type OwnerAnswers = { [N in OwnerAction]: (params: ActionInput<N>) => ActionResults[N] | Promise<ActionResults[N]> };

export const session = (id: string): Session => ({ id, title: '', createdAt: '2026-01-01T00:00:00Z', updatedAt: '2026-01-01T00:00:00Z', messageCount: 0, streaming: false });
export const openReply = (id: string): OpenReply => ({ session: session(id), cursor: { logId: 'LOG1', seq: 0 }, resync: false, events: [] });

const ANSWERS: OwnerAnswers = {
  'session-owner.open': ({ sessionId }) => openReply(sessionId ?? 'new-session1'),
  'session-owner.watch': () => ({}),
  'session-owner.history': () => ({ messages: [], hasMore: false }),
  'session-owner.session': ({ sessionId }) => session(sessionId),
  'session-owner.list': () => ({ sessions: [], hasMore: false }),
  'session-owner.search': () => ({ found: [], hasMore: false }),
  'session-owner.send': ({ sessionId }) => ({ sessionId: sessionId ?? 'new-session1', messageId: 'm1', replyId: 'r1', duplicate: false, status: 'streaming' }),
  'session-owner.regenerate': ({ sessionId, messageId }) => ({ sessionId, messageId, replyId: 'r2', duplicate: false, status: 'streaming' }),
  'session-owner.continue': ({ sessionId, messageId }) => ({ sessionId, messageId, replyId: 'r2', duplicate: false, status: 'streaming' }),
  'session-owner.edit': ({ sessionId }) => ({ sessionId, messageId: 'm2', replyId: 'r2', duplicate: false, status: 'streaming' }),
  'session-owner.select': ({ messageId }) => ({ tip: messageId }),
  'session-owner.versions': () => ({ versions: [] }),
  'session-owner.cancel': () => ({ status: 'cancelled' }),
  'session-owner.rename': ({ sessionId, title }) => ({ session: { ...session(sessionId), title } }),
  'session-owner.feedback': ({ rating }) => ({ feedback: rating === null ? null : { rating } }),
  'session-owner.configure': ({ sessionId }) => ({ session: session(sessionId) }),
  'session-owner.pin': ({ sessionId, pinned }) => ({ session: { ...session(sessionId), pinned } }),
  'session-owner.share': ({ sessionId }) => ({ shareId: 'share1', path: '/#/share/share1', createdAt: 'now', session: session(sessionId) }),
  'session-owner.unshare': ({ sessionId }) => ({ session: session(sessionId) }),
  'session-owner.shared': () => ({ title: 'T', createdAt: 'now', messages: [], total: 0, hasMore: false }),
  'session-owner.delete': () => undefined,
  'session-owner.inspect': () => [],
  'session-owner.lock': () => null,
  'session-owner.release': () => false,
};

export interface OwnerCall {
  action: string;
  params: Record<string, unknown>;
}

function fakeOwner(calls: OwnerCall[], answers: OwnerAnswers): ServiceSchema {
  const names = Object.keys(answers) as OwnerAction[];
  const actions = names.map((name) => [
    name.slice('session-owner.'.length),
    {
      params: paramsOf(name),
      handler(ctx: Context<Record<string, unknown>>) {
        calls.push({ action: name, params: ctx.params });
        return (answers[name] as (params: object) => unknown)(ctx.params);
      },
    },
  ]);
  return { name: 'session-owner', actions: Object.fromEntries(actions) };
}

export interface LogLine {
  level: string;
  fields: Record<string, unknown>;
  text: string;
}

function captureLogs(lines: LogLine[]): moleculer.Loggers.Base<object> {
  class Capture extends moleculer.Loggers.Base<object> {
    override getLogHandler() {
      return (level: string, args: unknown[]) => {
        const [first, text] = args;
        if (typeof first === 'string') lines.push({ level, fields: {}, text: first });
        else lines.push({ level, fields: first as Record<string, unknown>, text: String(text) });
      };
    }
  }
  return new Capture();
}

export interface GatewayOptions {
  env?: Record<string, string>;
  owner?: Partial<OwnerAnswers>;
  backends?: Partial<Backends>;
  services?: ServiceSchema[];
  nodeId?: string;
}

export class TestGateway {
  readonly broker: ServiceBroker;
  readonly calls: OwnerCall[] = [];
  readonly logs: LogLine[] = [];
  readonly refused: AuditEntry[] = [];
  readonly owner: OwnerAnswers;
  readonly #clients: ClientSocket[] = [];

  constructor({ env = {}, owner = {}, backends = {}, services = [], nodeId = 'node-1' }: GatewayOptions = {}) {
    this.owner = { ...ANSWERS, ...owner };
    const logger = captureLogs(this.logs);
    this.broker = new ServiceBroker({ nodeID: nodeId, logger, validator: new ZodValidator(), registry: { stopDelay: 0 }, skipProcessEventRegistration: true });
    const outbox = { add: async (entries: AuditEntry[]) => void this.refused.push(...entries) } as Backends['outbox'];
    const parts = { quotas: new FakeQuotas(systemClock), outbox, secret: async (name: string) => `${name}-${'s'.repeat(40)}`, health: async () => ({}) };
    provideNode(this.broker, { config: loadConfig({ PORT: '0', ...env }), backends: stubBackends({ ...parts, ...backends }) });
    this.broker.createService(gatewayService(this.broker) as ServiceSchema);
    this.broker.createService(fakeOwner(this.calls, this.owner));
    for (const service of services) this.broker.createService(service);
  }

  get gateway(): Gateway {
    return (this.broker.getLocalService('gateway') as { gateway?: Gateway }).gateway as Gateway;
  }
  get url(): string {
    return this.gateway.url ?? 'not listening';
  }

  async stop(): Promise<void> {
    for (const client of this.#clients) client.disconnect();
    await this.broker.stop();
  }

  async http(path: string, { token, json, ...init }: RequestInit & { token?: string; json?: unknown } = {}): Promise<{ status: number; headers: Headers; body: never }> {
    const headers = { ...(token === undefined ? {} : { authorization: `Bearer ${token}` }), ...(json === undefined ? {} : { 'content-type': 'application/json' }), ...init.headers };
    const method = init.method ?? (json === undefined ? 'GET' : 'POST');
    const response = await fetch(this.url + path, { ...init, method, headers, ...(json === undefined ? {} : { body: JSON.stringify(json) }) });
    const text = await response.text();
    const isJson = text !== '' && response.headers.get('content-type')?.includes('json');
    return { status: response.status, headers: response.headers, body: (isJson ? JSON.parse(text) : text) as never };
  }

  async guest(bearer?: string): Promise<{ token: string; userId: string; expiresAt: string }> {
    return (await this.http('/api/auth/guest', { method: 'POST', ...(bearer === undefined ? {} : { token: bearer }) })).body;
  }

  /** A client that is not connected yet. */
  client(auth: object, options: Partial<ManagerOptions & SocketOptions> = {}): ClientSocket {
    const client = io(this.url, { transports: ['websocket'], forceNew: true, reconnection: false, autoConnect: false, auth: auth as Record<string, unknown>, ...options });
    this.#clients.push(client);
    return client;
  }

  /** Connected and greeted. */
  async connect(auth?: object, options: Partial<ManagerOptions & SocketOptions> = {}): Promise<ClientSocket & { hello: HelloFrame }> {
    const client = this.client(auth ?? { token: (await this.guest()).token }, options);
    const hello = await new Promise<HelloFrame>((resolve, reject) => {
      client.once('server:hello', resolve);
      client.once('connect_error', reject);
      client.connect();
    });
    return Object.assign(client, { hello });
  }

  /** The error a connection is refused with. */
  async refusal(auth: object, options: Partial<ManagerOptions & SocketOptions> = {}): Promise<WireError> {
    const client = this.client(auth, options);
    return new Promise((resolve, reject) => {
      client.once('connect', () => reject(new Error('it was let in')));
      client.once('connect_error', (error) => resolve((error as Error & { data: WireError }).data));
      client.connect();
    });
  }

  /** As the owner on this node does. */
  emit<N extends EventName>(event: N, payload: EventPayload<N>): void {
    emitTo(this.broker, nodeGroup('gateway', this.broker.nodeID), event, payload);
  }

  callsOf(action: OwnerAction): OwnerCall[] {
    return this.calls.filter((made) => made.action === action);
  }
}

export async function startGateway(options?: GatewayOptions): Promise<TestGateway> {
  const gateway = new TestGateway(options);
  await gateway.broker.start();
  return gateway;
}

/** Sends an event and waits for its acknowledgement. */
export function ask<N extends ClientEventName>(client: ClientSocket, event: N, fields: object): Promise<Ack<N>> {
  return client.timeout(5_000).emitWithAck(event, fields) as Promise<Ack<N>>;
}

/** Every frame of the client from now on, as [event, payload], the greeting apart. */
export function framesOf(client: ClientSocket): [string, unknown][] {
  const frames: [string, unknown][] = [];
  client.onAny((event: string, payload: unknown) => frames.push([event, payload]));
  return frames;
}
