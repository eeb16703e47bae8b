/** A running cluster: its members by name, and what can be done with them. */
import { join } from 'node:path';
import type { ClusterFolder } from './cluster-folder.ts';
import { FreePorts } from './free-ports.ts';
import { Gateways } from './gateways.ts';
import { HaproxyRuntime } from './haproxy-runtime.ts';
import { JoinedMember, type Joining } from './joined-member.ts';
import type { Member, MemberEvents } from './member.ts';
import { NodeMember } from './node-member.ts';
import { identityOf } from './process-identity.ts';
import { ServerMember } from './server-member.ts';
import { planProxy, planServers } from './server-plans.ts';

export interface ClusterOptions {
  folder: ClusterFolder;
  /** The project's folder. */
  root: string;
  /** Settings of all nodes, and URLs of servers that are there already. */
  env: NodeJS.ProcessEnv;
  proxy: { port: number; config: string; env: Record<string, string>; url: string };
  /** How many nodes of each kind to begin with. */
  nodes: Partial<Record<NodeKind, number>>;
  /** What a node is run with; absent: the build. */
  command?: readonly string[];
  firstPort?: number;
  /** One line for whoever watches. */
  say: (line: string) => void;
}

const SERVICES = { gateway: 'gateway,session-owner', ai: 'ai', history: 'history', audit: 'audit' } as const;
export type NodeKind = keyof typeof SERVICES;
const RUNNER = ['node_modules/moleculer/bin/moleculer-runner.js', '--config', 'dist/moleculer.config.js', 'dist/services/**/*.service.js'];
const DRAIN_MS = 10_000;

export class Cluster implements MemberEvents {
  readonly #options: ClusterOptions;
  readonly #members = new Map<string, Member>();
  readonly #ports: FreePorts;
  readonly #gateways: Gateways;
  readonly #runtime: HaproxyRuntime;
  readonly #proxySocket: string;
  #settings: Record<string, string> = {};
  #ending = false;

  constructor(options: ClusterOptions) {
    this.#options = options;
    this.#ports = new FreePorts(options.firstPort);
    this.#proxySocket = options.folder.socket('haproxy.sock');
    this.#runtime = new HaproxyRuntime(this.#proxySocket);
    this.#gateways = new Gateways(this.#runtime, options.say);
  }

  get members(): Member[] {
    return [...this.#members.values()];
  }

  /** Settings by which a further node finds the servers and is believed. */
  get settings(): Record<string, string> {
    return this.#settings;
  }

  /** Starts everything. Rejects when a server does not start; a node that does not is told and left so. */
  async start(): Promise<void> {
    const { env, folder, proxy, nodes, root, say } = this.#options;
    const { plans, settings } = await planServers(env, folder, this.#ports);
    this.#settings = { ...settings, AUTH_JWT_SECRET: env['AUTH_JWT_SECRET'] || folder.secret() };
    const proxyPlan = planProxy({ root, ...proxy, env: { ...proxy.env, HAPROXY_SOCKET: this.#proxySocket } }, folder);
    const servers = [...plans, proxyPlan].map((plan) => new ServerMember(plan, this));
    for (const server of servers) this.#members.set(server.name, server);
    await Promise.all(servers.map((server) => server.start()));
    const kinds = Object.entries(nodes) as [NodeKind, number][];
    for (const [kind, count] of kinds) for (let number = 0; number < count; number += 1) await this.#addNode(kind);
    await Promise.all(this.#nodes.map(async (node) => {
      try {
        await node.start();
      } catch (error) {
        if (!this.#ending) say(error instanceof Error ? error.message : String(error));
      }
    }));
  }

  /** `ai-2` starts that one again, `ai` adds one more. Answers its member when it is ready. */
  async startMember(name: string): Promise<Member> {
    const member = name in SERVICES ? await this.#addNode(name as NodeKind) : this.member(name);
    if (member.pid !== undefined) throw new Error(`${name} runs already (pid ${member.pid})`);
    await member.start();
    return member;
  }

  /** Rejects with the names there are when this is none of them. */
  member(name: string): Member {
    const member = this.#members.get(name);
    if (member === undefined) throw new Error(`there is no "${name}"; there are ${[...this.#members.keys()].join(', ')}`);
    return member;
  }

  /** Waits until HAProxy sends clients to every gateway that is ready; answers whether it does. */
  async gatewaysAreUp(limitMs: number): Promise<boolean> {
    const limit = Date.now() + limitMs;
    while (Date.now() < limit) {
      const clients = await this.clients();
      const ready = this.members.filter((member) => member.state === 'ready' && member instanceof NodeMember && member.plan.isGateway);
      if (ready.length > 0 && ready.every(({ name }) => / UP,/.test(clients.get(name) ?? ''))) return true;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    return false;
  }

  /** Somebody does not want to wait for nodes that drain. What they acknowledged is safe. */
  hurry(): void {
    for (const { kind, pid } of this.members) if (kind === 'node' && pid !== undefined) process.kill(pid, 'SIGKILL');
  }

  /** Nodes first, all at once and in order; then HAProxy; then the servers they needed until their end. Data stays. */
  async end(): Promise<void> {
    this.#ending = true;
    const isServer = (member: Member): boolean => member.kind === 'server';
    await Promise.all(this.members.filter((member) => !isServer(member)).map((member) => member.stop()));
    // Waits for what is on its way to HAProxy.
    await this.#gateways.proxyWent();
    await this.#members.get('haproxy')?.stop();
    await Promise.all(this.members.filter(isServer).map((member) => member.stop()));
  }

  /** A node of another terminal. Answers its end: it is forgotten when that is called. */
  async join(joining: Joining): Promise<() => void> {
    const taken = this.#members.get(joining.name);
    if (taken !== undefined) throw new Error(`there is a ${joining.name} already (pid ${taken.pid ?? 'none'}); set NODE_ID to another name`);
    const member = new JoinedMember(joining);
    this.#members.set(member.name, member);
    if (joining.port !== undefined) await this.#gateways.came(member.name, joining.port);
    return () => {
      this.#members.delete(member.name);
      void this.#gateways.went(member.name);
    };
  }

  /** HAProxy's word on each gateway, by member name. Empty while it does not answer. */
  async clients(): Promise<Map<string, string>> {
    const slots = await this.#runtime.slots().catch(() => []);
    return new Map(this.members.flatMap(({ name }) => {
      const slot = slots.find((found) => found.name === this.#gateways.slotOf(name));
      return slot === undefined ? [] : [[name, `${slot.name} ${slot.status}, ${slot.connections} connections`] as const];
    }));
  }

  /** A command of HAProxy's runtime API. */
  askHaproxy(text: string): Promise<string> {
    return this.#runtime.command(text);
  }

  /** Pids with their start times, for whoever finds them later. */
  get processes(): { name: string; pid: number; began: string }[] {
    return this.members.flatMap(({ name, pid, kind }) => {
      const identity = pid === undefined || kind === 'joined' ? undefined : identityOf(pid);
      return identity === undefined ? [] : [{ name, ...identity }];
    });
  }

  onChange: () => void = () => {};

  changed(member: Member): void {
    this.onChange();
    const runs = member.pid !== undefined;
    if (member.name === 'haproxy') void (runs ? this.#gateways.proxyCame() : this.#gateways.proxyWent());
    if (member instanceof NodeMember && member.plan.isGateway) void (runs ? this.#gateways.came(member.name, member.plan.port) : this.#gateways.went(member.name));
  }

  died(member: Member): void {
    if (!this.#ending) this.#options.say(`${member.name} died (${member.note}); start it again: npm run cluster -- start ${member.name}`);
  }

  get #nodes(): Member[] {
    return this.members.filter(({ kind }) => kind === 'node');
  }

  async #addNode(kind: NodeKind): Promise<Member> {
    let number = 1;
    while (this.#members.has(`${kind}-${number}`)) number += 1;
    const name = `${kind}-${number}`;
    const { folder, root, env, command } = this.#options;
    const port = await this.#ports.take();
    const isGateway = kind === 'gateway';
    const own = { NODE_ID: name, SERVICES: SERVICES[kind], HOST: '127.0.0.1', PROBE_HOST: '127.0.0.1', [isGateway ? 'PORT' : 'PROBE_PORT']: String(port) };
    const node = new NodeMember({
      name,
      port,
      isGateway,
      logFile: folder.logOf(name),
      command: command ?? [process.execPath, ...RUNNER],
      cwd: root,
      drainMs: Number(env['DRAIN_MS'] || DRAIN_MS),
      env: () => ({ TRUSTED_PROXIES: '127.0.0.1', ...env, ...this.#settings, DATA_DIR: join(folder.dirOf(name), 'data'), ...own }),
    }, this);
    this.#members.set(name, node);
    return node;
  }
}
