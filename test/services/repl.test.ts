/** The inspection commands against the actions they ask, as one broker offers them. */
import { ServiceBroker, type ServiceSchema } from 'moleculer';
import { loadConfig } from '../../src/config.ts';
import { provideNode } from '../../src/node-context.ts';
import { replCommands } from '../../src/repl/commands.ts';
import type { ActionResults } from '../../src/protocol/broker.ts';
import { stubBackends } from '../support/stub-backends.ts';

const actor: ActionResults['session-owner.inspect'][number] = {
  sessionId: 'sess1', userId: 'user1', node: 'node-1', epoch: 4, logId: 'Ab12', seq: 31, storedThrough: 2, state: 'streaming',
  runId: 'run1', aiNode: 'node-1', replyId: 'reply1', queued: 0,
};
const socket = { id: 'sock1', userId: 'user1', address: '127.0.0.1', connectedAt: '2026-01-01T00:00:00Z', lastHeartbeat: '2026-01-01T00:00:09Z', sessions: ['sess1', 'sess2'] };
const stored = { id: 'sess9', userId: 'user1', title: 'a private title', rev: 3, createdAt: '2026-01-01T00:00:00Z', updatedAt: '2026-01-01T00:00:05Z', messageCount: 6, nextPosition: 7, tip: 'm6' };
let lock: { nodeId: string; epoch: number; actor: boolean } | null = null;
let mayRelease: boolean | Promise<boolean> = true;
let released: object[] = [];
const services: ServiceSchema[] = [
  {
    name: 'session-owner',
    actions: {
      lock: () => lock,
      release({ params }: { params: object }) {
        released.push(params);
        return Promise.resolve(mayRelease).then((may) => ((lock = may ? null : lock), may));
      },
      inspect: ({ params }: { params: { sessionId?: string } }) => [actor].filter((one) => (params.sessionId ?? one.sessionId) === one.sessionId),
    },
  },
  { name: 'gateway', actions: { sockets: ({ params }: { params: { userId?: string } }) => [socket].filter((one) => (params.userId ?? one.userId) === one.userId), status: () => ({ nodeId: 'node-1', sockets: 1, users: 1 }) } },
  { name: 'ai', actions: { status: () => ({ nodeId: 'node-1', provider: 'demo', model: 'demo', load: 2, capacity: 64 }), runs: () => [{ runId: 'run1', sessionId: 'sess1', ownerNode: 'node-1', epoch: 4, characters: 120, acknowledged: 100, ended: false, ageMs: 1_540 }] } },
  { name: 'history', actions: { session: () => Promise.reject(new Error('the store is away')), list: () => ({ sessions: [stored], hasMore: true }) } },
  { name: 'audit', actions: { status: () => ({ entries: 3, bytes: 900, shed: 0, delivered: 12, failures: 2, failing: true }) } },
];

describe('inspection commands', () => {
  const broker = new ServiceBroker({ nodeID: 'node-1', logger: false, skipProcessEventRegistration: true });
  let printed = '';
  let write: jest.SpyInstance;

  beforeAll(async () => {
    services.forEach((schema) => broker.createService(schema));
    provideNode(broker, { config: loadConfig({}), backends: stubBackends({ health: async () => ({ redis: { ok: false, detail: 'away' } }) }) });
    await broker.start();
  });
  afterAll(() => broker.stop());
  beforeEach(() => {
    printed = '';
    write = jest.spyOn(process.stdout, 'write').mockImplementation((text) => {
      printed += String(text);
      return true;
    });
  });
  afterEach(() => write.mockRestore());

  async function run(line: string): Promise<string> {
    printed = '';
    const [name, id, option] = line.split(' ');
    const command = replCommands.find((one) => one.command.split(' ')[0] === name);
    await command?.action(broker, Object.assign([], { id, options: { yesIKnow: option === '--yes-i-know' } }), {});
    return printed;
  }
  const cells = (text: string, row: number): string[] => (text.split('\n')[row] ?? '').split(/ {2,}/).map((cell) => cell.trim());

  test('N12 sessions shows owner, epoch, log, seq, stored, state and run', async () => {
    const text = await run('sessions');
    expect(cells(text, 0)).toEqual(['session', 'state', 'owner', 'epoch', 'log', 'seq', 'stored', 'run', 'ai node', 'queued']);
    expect(cells(text, 2)).toEqual(['sess1', 'streaming', 'node-1', '4', 'Ab12', '31', '2', 'run1', 'node-1', '0']);
  });

  test('N12 session <id> shows the actor, what history says and the sockets', async () => {
    const text = await run('session sess1');
    expect(text).toMatch(/^epoch +4$/m);
    expect(text).toMatch(/^state +streaming$/m);
    expect(text).toContain('History does not answer: the store is away');
    expect(text).toMatch(/^node-1 +sock1 +user1/m);
  });

  test('a session nobody holds is said so', async () => {
    expect(await run('session other')).toContain('No node holds it in memory.');
  });

  test('N12 runs', async () => {
    const text = await run('runs');
    expect(cells(text, 0)).toEqual(['run', 'session', 'ai node', 'owner', 'epoch', 'characters', 'acknowledged', 'ended', 'age s']);
    expect(cells(text, 2)).toEqual(['run1', 'sess1', 'node-1', 'node-1', '4', '120', '100', 'no', '1.5']);
  });

  test('N12 outbox', async () => {
    const text = await run('outbox');
    expect(cells(text, 0)).toEqual(['audit node', 'entries', 'bytes', 'shed', 'delivered', 'failures', 'failing']);
    expect(cells(text, 2)).toEqual(['node-1', '3', '900', '0', '12', '2', 'true']);
  });

  test('M10 sockets and user <id> say who is connected, since when and when last heard, and no titles', async () => {
    const text = await run('sockets');
    expect(cells(text, 0)).toEqual(['gateway', 'socket', 'user', 'since', 'last heard', 'address', 'sessions']);
    expect(cells(text, 2)).toEqual(['node-1', 'sock1', 'user1', '2026-01-01T00:00:00Z', '2026-01-01T00:00:09Z', '127.0.0.1', 'sess1 sess2']);
    const user = await run('user user1');
    expect(user).toMatch(/^node-1 +sock1 +user1/m);
    expect(user).toMatch(/^sess1 +streaming/m);
    expect(user).toMatch(/^sess9 +6 +2026/m);
    expect(user).toContain('… and older ones.');
    expect(user).not.toContain('private');
    expect(await run('user user2')).toContain('No socket is connected.\n\nNone of their sessions is in memory.');
  });

  test('M10 cluster and health show nodes, load and dependencies', async () => {
    const text = await run('cluster');
    expect(cells(text, 0)).toEqual(['node', 'services', 'sockets', 'sessions', 'load', 'capacity', 'provider']);
    expect(cells(text, 2)).toEqual(['node-1 (this one)', 'ai audit gateway history session-owner', '1', '1', '2', '64', 'demo demo']);
    expect(await run('health')).toMatch(/^redis +no +away$/m);
  });

  test('M11 release shows the owner and does nothing without the word for it', async () => {
    lock = { nodeId: 'node-1', epoch: 4, actor: true };
    released = [];
    const text = await run('release sess1');
    expect(text).toMatch(/^owner +node-1$/m);
    expect(text).toMatch(/^owner is +connected$/m);
    expect(text).toMatch(/^state +streaming$/m);
    expect(text).toContain('Nothing was done.');
    expect(released).toEqual([]);
    expect(await run('release sess1 --yes-i-know')).toContain('Released.');
    expect(released).toEqual([{ sessionId: 'sess1', nodeId: 'node-1', epoch: 4 }]);
    expect(await run('release sess1 --yes-i-know')).toContain('Nobody holds this session');
  });

  test('M11 release says when somebody else holds it by now, and when nobody could do it', async () => {
    lock = { nodeId: 'gone-node', epoch: 4, actor: false };
    mayRelease = false;
    const text = await run('release sess1 --yes-i-know');
    expect(text).toMatch(/^owner is +not connected$/m);
    expect(text).toContain('Not released: somebody else holds it by now.');
    mayRelease = Promise.reject(new Error('the store is away'));
    expect(await run('release sess1 --yes-i-know')).toContain('Not released: the store is away');
  });

  test('a service that runs nowhere is said so', async () => {
    await broker.destroyService('audit');
    expect(await run('outbox')).toBe('No node runs the audit service.\n');
  });
});
