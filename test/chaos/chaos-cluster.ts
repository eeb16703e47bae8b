/** Everything a chaos run breaks: servers, nodes, the model. Started once, used by many schedules. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { clusterEnv } from '../support/cluster-nodes.ts';
import { ModelServer } from '../exactness/model-server.ts';
import { allReady, ChaosNode, type NodesOptions } from './nodes.ts';
import { AI_NODES, GATEWAYS } from './schedule.ts';
import { Servers } from './servers.ts';

export type Continuation = 'prefill' | 'restart';
const PACE = { pieces: 90, perSecond: 40 };
/** Found out, healed and told sooner than in production, so that more happens in a second. */
const QUICK = { NODE_TTL_MS: '2000', BROKER_HEARTBEAT_TIMEOUT_MS: '3000', STORE_RETRY_MS: '300', AUDIT_RETRY_MAX_MS: '1000', AUDIT_DRAIN_MS: '300', AI_RESEND_MS: '500', KAFKA_TIMEOUT_MS: '3000', MONGO_TIMEOUT_MS: '3000' };

export class ChaosCluster {
  readonly folder: string;
  readonly servers: Servers;
  readonly model: ModelServer;
  readonly nodes = new Map<string, ChaosNode>();
  readonly env: Record<string, string>;
  /** Nodes that ended without being asked to. */
  readonly ended: string[] = [];
  readonly #options: NodesOptions;

  static async start(continuation: Continuation): Promise<ChaosCluster> {
    const folder = mkdtempSync(join(tmpdir(), 'holdfast-chaos-'));
    const [servers, model] = await Promise.all([Servers.start(folder), ModelServer.start(PACE)]);
    const cluster = new ChaosCluster(folder, servers, model, continuation);
    await Promise.all([...GATEWAYS, ...AI_NODES, 'history', 'audit'].map((name) => cluster.add(name)));
    await cluster.healed();
    return cluster;
  }

  private constructor(folder: string, servers: Servers, model: ModelServer, continuation: Continuation) {
    [this.folder, this.servers, this.model] = [folder, servers, model];
    const urls = { redis: servers.url('redis'), mongo: servers.url('mongo'), kafka: servers.url('kafka') };
    this.env = clusterEnv(urls, { ...QUICK, AI_PROVIDER: 'openai', OPENAI_BASE_URL: model.url, AI_CONTINUATION: continuation });
    const onEnded = (name: string, code: number | null, last: string[]): void => void this.ended.push(`${name} ended by itself with ${code}: ${last.join(' / ')}`);
    this.#options = { env: this.env, redisPort: servers.port('redis'), folder, onEnded };
  }

  get gateways(): ChaosNode[] {
    return GATEWAYS.map((name) => this.node(name));
  }

  node(name: string): ChaosNode {
    const node = this.nodes.get(name);
    if (!node) throw new Error(`there is no node ${name}`);
    return node;
  }

  /** `more`: settings of this node alone. */
  async add(name: string, more: Record<string, string> = {}): Promise<ChaosNode> {
    const node = await ChaosNode.start(name, { ...this.#options, env: { ...this.env, ...more } });
    this.nodes.set(name, node);
    return node;
  }

  async remove(name: string): Promise<number | null | 'stuck'> {
    const node = this.node(name);
    const code = await node.drain();
    this.nodes.delete(name);
    await node.end();
    return code;
  }

  /** Everybody sees everybody. */
  async healed(): Promise<void> {
    await allReady(this.gateways, AI_NODES.length);
  }

  async stop(keepLogs: boolean): Promise<void> {
    await Promise.all([...this.nodes.values()].map((node) => node.end()));
    this.model.close();
    await this.servers.stop();
    if (!keepLogs) rmSync(this.folder, { recursive: true, force: true });
  }
}
