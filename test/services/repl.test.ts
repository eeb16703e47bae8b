/** The inspection commands against the actions they ask, as one broker offers them. */
import { ServiceBroker, type ServiceSchema } from 'moleculer';
import { replCommands } from '../../src/repl/commands.ts';
import type { ActionResults } from '../../src/protocol/broker.ts';

const actor: ActionResults['session-owner.inspect'][number] = {
  sessionId: 'sess1', userId: 'user1', node: 'node-1', epoch: 4, logId: 'Ab12', seq: 31, storedThrough: 2, state: 'streaming',
  runId: 'run1', aiNode: 'node-1', replyId: 'reply1', queued: 0,
};
const services: ServiceSchema[] = [
  { name: 'session-owner', actions: { inspect: ({ params }: { params: { sessionId?: string } }) => [actor].filter((one) => (params.sessionId ?? one.sessionId) === one.sessionId) } },
  { name: 'gateway', actions: { sockets: () => [{ id: 'sock1', userId: 'user1', address: '127.0.0.1', connectedAt: '2026-01-01T00:00:00Z', sessions: ['sess1'] }] } },
  { name: 'ai', actions: { runs: () => [{ runId: 'run1', sessionId: 'sess1', ownerNode: 'node-1', epoch: 4, characters: 120, acknowledged: 100, ended: false, ageMs: 1_540 }] } },
  { name: 'history', actions: { session: () => Promise.reject(new Error('the store is away')) } },
  { name: 'audit', actions: { status: () => ({ entries: 3, bytes: 900, shed: 0, delivered: 12, failures: 2, failing: true }) } },
];

describe('inspection commands', () => {
  const broker = new ServiceBroker({ nodeID: 'node-1', logger: false, skipProcessEventRegistration: true });
  let printed = '';
  let write: jest.SpyInstance;

  beforeAll(async () => {
    services.forEach((schema) => broker.createService(schema));
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
    const [name, id] = line.split(' ');
    const command = replCommands.find((one) => one.command.split(' ')[0] === name);
    await command?.action(broker, Object.assign([], { id }), {});
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

  test('a service that runs nowhere is said so', async () => {
    await broker.destroyService('audit');
    expect(await run('outbox')).toBe('No node runs the audit service.\n');
  });
});
