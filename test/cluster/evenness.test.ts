/** Nobody gets more than the others: sockets over gateways, replies over ai nodes, also when several owners hand them out. */
import { io, type Socket } from 'socket.io-client';
import { clusterEnv, startCluster, type Cluster } from '../support/cluster-nodes.ts';
import { testMongo } from '../support/servers/mongo.ts';
import { describeWith } from '../support/servers/programs.ts';
import { testRedis } from '../support/servers/redis.ts';
import { guestToken } from '../support/tab.ts';
import { until } from '../support/until.ts';
import { startFront, type Front } from './cluster-front.ts';

const SOCKETS = 300;
const AT_ONCE = 50;
const SHARE = SOCKETS / 3;
const ANSWER_MS = 15_000;

interface Client {
  socket: Socket;
  gateway: string;
}

describeWith(['redis-server', 'mongo', 'haproxy'], 'shares', () => {
  let cluster: Cluster;
  let front: Front;
  let token: string;
  let clients: Client[] = [];

  beforeAll(async () => {
    const [redis, mongo] = await Promise.all([testRedis(), testMongo()]);
    // Slow replies, and room for all of them: they are all under way at the same time.
    const settings = { DEMO_TOKENS_PER_SECOND: '2', DEMO_TOKENS: '20', AI_MAX_CONCURRENT: String(SOCKETS), APPEND_TIMEOUT_MS: '3000', TRUSTED_PROXIES: '127.0.0.1' };
    cluster = await startCluster(clusterEnv({ redis: redis.url, mongo: mongo.url }, settings), { gateways: 3, ai: 3 });
    front = await startFront('haproxy.cfg', cluster.gateways);
    token = await guestToken(cluster.gateways[0]!.url);
  }, 60_000);

  afterAll(async () => {
    for (const { socket } of clients) socket.disconnect();
    // Only what they leave behind was of interest, and replies are under way.
    for (const node of cluster?.all ?? []) node.kill('SIGKILL');
  });

  async function connect(): Promise<Client> {
    const socket = io(front.url, { transports: ['websocket'], auth: { token, protocol: 1 }, reconnection: false, forceNew: true });
    const gateway = await new Promise<string>((resolve, reject) => {
      socket.once('server:hello', ({ nodeId }: { nodeId: string }) => resolve(nodeId));
      socket.once('connect_error', reject);
    });
    return { socket, gateway };
  }

  /** As a client should: what is refused for now, on a machine that is busy, is asked again. */
  async function ask<T>(client: Client, event: string, payload: object): Promise<T> {
    let answer: { ok: boolean; error?: { retryable: boolean } } = { ok: false };
    await until(`an answer to ${event}`, async () => {
      answer = (await client.socket.timeout(ANSWER_MS).emitWithAck(event, payload)) as typeof answer;
      if (answer.error?.retryable === false) throw new Error(JSON.stringify(answer.error));
      return answer.ok;
    }, ANSWER_MS);
    return answer as T;
  }

  const counted = (names: string[]): Record<string, number> => {
    const counts: Record<string, number> = {};
    for (const name of names) counts[name] = (counts[name] ?? 0) + 1;
    return counts;
  };

  /** The ai node that each reply of this owner was first given to, as it logged its choices. */
  function choicesOf(lines: string[]): string[] {
    const chosen = lines.filter((line) => line.includes('ai node chosen')).map((line) => JSON.parse(line) as { message: string; aiNode: string });
    return [...new Map(chosen.reverse().map(({ message, aiNode }) => [message, aiNode])).values()];
  }

  const nearAThird = (share: number): void => expect(Math.abs(share - SHARE)).toBeLessThanOrEqual(SHARE * 0.15);

  test(`N27 ${SOCKETS} sockets over three gateways: each has its third`, async () => {
    for (let from = 0; from < SOCKETS; from += AT_ONCE) clients = clients.concat(await Promise.all(Array.from({ length: AT_ONCE }, connect)));
    expect(counted(clients.map(({ gateway }) => gateway))).toEqual(Object.fromEntries(cluster.gateways.map(({ nodeId }) => [nodeId, SHARE])));
  });

  test(`N27 ${SOCKETS} replies of three owners at once over three ai nodes: each has its third, within 15 %`, async () => {
    const sessions = await Promise.all(clients.map(async (client) => (await ask<{ session: { id: string } }>(client, 'session:open', { cursor: null })).session.id));
    await Promise.all(clients.map((client, n) => ask(client, 'message:send', { sessionId: sessions[n], clientMessageId: `c${n}`, content: `question ${n}` })));
    const choices = (): string[][] => cluster.gateways.map(({ lines }) => choicesOf(lines));
    await until('all replies to have an ai node', () => choices().flat().length >= SOCKETS, 15_000);
    for (const given of choices()) nearAThird(given.length);
    const shares = counted(choices().flat());
    expect(Object.keys(shares).sort()).toEqual(cluster.ai.map(({ nodeId }) => nodeId).sort());
    for (const share of Object.values(shares)) nearAThird(share);
  });
});
