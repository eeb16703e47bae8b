/** The nodes of a chaos run: each has its own way to Redis that can go bad, a clock that can go wrong, and comes back after its end. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { freePort } from '../../scripts/servers/local-server.ts';
import { aiNodes, startNode, type ClusterNode, type Env } from '../support/cluster-nodes.ts';
import { tcpProxy, type TcpProxy } from '../support/tcp-proxy.ts';
import { until } from '../support/until.ts';

const CLOCK = fileURLToPath(new URL('../support/shifted-clock.cjs', import.meta.url));
const STOP_LIMIT_MS = 25_000;
const READY_LIMIT_MS = 60_000;

export const servicesOf = (name: string): string => (name.startsWith('gateway') ? 'gateway,session-owner' : name.startsWith('ai') ? 'ai' : name);

export interface NodesOptions {
  env: Env;
  redisPort: number;
  folder: string;
  /** A node ended that nobody asked to. */
  onEnded(name: string, code: number | null, lastLines: string[]): void;
}

export class ChaosNode {
  readonly name: string;
  readonly proxy: TcpProxy;
  readonly port: number;
  readonly #options: NodesOptions;
  #node: ClusterNode | null = null;
  #expected = false;
  #starts = 0;
  #turn: Promise<void> = Promise.resolve();

  static async start(name: string, options: NodesOptions): Promise<ChaosNode> {
    const node = new ChaosNode(name, await tcpProxy(options.redisPort), await freePort(), options);
    await node.start();
    return node;
  }

  private constructor(name: string, proxy: TcpProxy, port: number, options: NodesOptions) {
    [this.name, this.proxy, this.port, this.#options] = [name, proxy, port, options];
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  async start(): Promise<void> {
    const { env, folder, onEnded } = this.#options;
    this.#expected = false;
    this.#starts += 1;
    const port = String(this.port);
    const node = await startNode(servicesOf(this.name), {
      ...env,
      NODE_ID: this.name,
      REDIS_URL: this.proxy.url(env['REDIS_URL'] ?? ''),
      PORT: port,
      PROBE_PORT: port,
      CLOCK_FILE: this.#clockFile(),
      NODE_OPTIONS: `--require ${CLOCK}`,
    });
    this.#node = node;
    const log = join(folder, `${this.name}.${this.#starts}.log`);
    void node.exited.then((code) => {
      writeFileSync(log, `${node.lines.join('\n')}\n`);
      if (!this.#expected) onEnded(this.name, code, node.lines.slice(-5));
    });
  }

  /** Its id in the cluster, since its last start. */
  get nodeId(): string {
    return this.#node?.nodeId ?? '';
  }

  get pid(): number {
    return this.#node?.pid ?? 0;
  }

  get lines(): string[] {
    return this.#node?.lines ?? [];
  }

  signal(signal: NodeJS.Signals): void {
    this.#node?.kill(signal);
  }

  async kill(): Promise<void> {
    this.#expected = true;
    this.#node?.kill('SIGKILL');
    await this.#node?.exited;
  }

  /** SIGTERM; its exit code, or `stuck`. */
  async drain(): Promise<number | null | 'stuck'> {
    this.#expected = true;
    const ended = this.#node?.stop() ?? null;
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<'stuck'>((resolve) => {
      timer = setTimeout(() => resolve('stuck'), STOP_LIMIT_MS);
    });
    const code = await Promise.race([ended, late]);
    clearTimeout(timer);
    if (code === 'stuck') await this.kill();
    return code;
  }

  /** Ends it, and starts it again after so long. What is asked for meanwhile waits: a node runs once. */
  away(end: () => Promise<void>, forMs: number): Promise<void> {
    const turn = this.#turn.then(async () => {
      await end();
      await pause(forMs);
      await this.start();
    });
    this.#turn = turn.catch(() => undefined);
    return turn;
  }

  /** Its clock is wrong by this many ms from now on. */
  shiftClock(ms: number): void {
    writeFileSync(this.#clockFile(), String(ms));
    this.signal('SIGWINCH');
  }

  async end(): Promise<void> {
    await this.kill();
    await this.proxy.close();
  }

  #clockFile(): string {
    return join(this.#options.folder, `${this.name}.clock`);
  }
}

/** Every gateway is ready and sees that many ai nodes. */
export async function allReady(gateways: ChaosNode[], ai: number): Promise<void> {
  await Promise.all(gateways.map(({ name, url }) => until(`${name} to be ready and to see ${ai} ai nodes`, async () => {
    try {
      return (await fetch(`${url}/ready`, { signal: AbortSignal.timeout(2_000) })).status === 200 && (await aiNodes(url)) === ai;
    } catch {
      return false;
    }
  }, READY_LIMIT_MS)));
}
