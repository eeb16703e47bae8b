/** The first look at Redis. */
import { once } from 'node:events';
import { mkdtempSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '../../scripts/servers/local-server.ts';
import { waitForRedis } from '../../src/backends/cluster/wait-for-redis.ts';
import { StartError } from '../../src/start-error.ts';
import { describeWith } from '../support/servers/programs.ts';
import { testRedis } from '../support/servers/redis.ts';
import { until } from '../support/until.ts';

describeWith(['redis-server'], 'the first look at Redis', () => {
  const lines: string[] = [];
  const say = (line: string): void => void lines.push(line);
  beforeEach(() => lines.splice(0));

  const refusal = async (url: string): Promise<string> => {
    const error: unknown = await waitForRedis({ REDIS_URL: url }, { say }).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(StartError);
    return (error as Error).message;
  };

  test('O40 a node that starts before Redis says so in one line and goes on when it is there', async () => {
    const port = await freePort();
    let there = false;
    const waiting = waitForRedis({ REDIS_URL: `redis://someone:hidden-word@127.0.0.1:${port}` }, { say }).then(() => (there = true));
    await until('the line', () => lines.length > 0);
    expect(there).toBe(false);
    await testRedis({ dir: mkdtempSync(join(tmpdir(), 'holdfast-redis-')), port, args: ['--user', 'someone', 'on', '>hidden-word', '~*', '&*', '+@all'] });
    await waiting;
    expect(lines).toEqual([`holdfast: Redis at 127.0.0.1:${port} is not there yet (ECONNREFUSED); waiting`]);
  });

  test('O41 a wrong password, or none, is refused at once in a line that does not show it', async () => {
    const { url, port } = await testRedis({ args: ['--user', 'someone', 'on', '>hidden-word', '~*', '&*', '+@all'] });
    const message = await refusal(url.replace('redis://', 'redis://someone:wrong-word@'));
    expect(message).toContain(`127.0.0.1:${port}`);
    expect(message).toContain('password');
    expect(message).not.toContain('word@');
    expect(message).not.toContain('wrong-word');
    expect(lines).toEqual([]);
  });

  test('O41 one that lets nobody in from another machine is refused in a line that says what to do', async () => {
    // What a Redis 7 in protected mode says to such a peer, before it hangs up.
    const server = createServer((socket) => socket.end('-DENIED Redis is running in protected mode because protected mode is enabled and no password is set for the default user.\r\n'));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const message = await refusal(`redis://127.0.0.1:${port}`);
    server.close();
    expect(message).toContain(`127.0.0.1:${port}`);
    expect(message).toContain('requirepass');
    expect(lines).toEqual([]);
  });

  test('O41 what is no address of a Redis is refused', async () => {
    for (const url of ['http://127.0.0.1:6379', 'localhost', 'redis//x']) expect(await refusal(url)).toContain('redis://host:6379');
  });

  test('O42 a Redis that throws data away when it is full is refused; one without a file is complained about', async () => {
    const evicting = await testRedis({ args: ['--maxmemory-policy', 'allkeys-lru'] });
    expect(await refusal(evicting.url)).toContain('noeviction');
    const forgetful = await testRedis({ args: ['--appendonly', 'no'] });
    await waitForRedis({ REDIS_URL: forgetful.url }, { say });
    expect(lines).toEqual([expect.stringContaining('append-only')]);
    lines.splice(0);
    await waitForRedis({ REDIS_URL: (await testRedis()).url }, { say });
    expect(lines).toEqual([]);
  });

  test('O42 a Redis Cluster and a replica are refused', async () => {
    const cluster = await testRedis({ args: ['--cluster-enabled', 'yes'] });
    expect(await refusal(cluster.url)).toContain('standalone');
    const master = await testRedis();
    const replica = await testRedis({ args: ['--replicaof', '127.0.0.1', String(master.port)] });
    expect(await refusal(replica.url)).toContain('replica');
  });
});
