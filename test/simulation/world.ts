/** A whole cluster in one process and one virtual time: owners, gateways, ai nodes, stores, tabs, and trouble between them. */
import type { ClientEvent, MessageStatus, Mode } from '../../src/protocol/wire.ts';
import { AiMachine } from './ai-machine.ts';
import { NODE_TTL_MS, SESSION, type Around, type Continuation, type ModelCall } from './around.ts';
import { FanOut } from './fan-out.ts';
import { Fate, type Weather } from './fate.ts';
import type { SimGateway } from './gateway.ts';
import { HistoryServer } from './history-server.ts';
import type { Machine } from './machine.ts';
import { Network } from './network.ts';
import { OwnerMachine } from './owner-machine.ts';
import { Scheduler, type Place } from './scheduler.ts';
import { StoreServer } from './store-server.ts';
import { Tab } from './tab.ts';
import { Timeline } from './timeline.ts';
import { Versions } from './versions.ts';
import { Witness } from './witness.ts';

/** Between two looks for who is gone, in ms. */
const LOOK_MS = 125;

export interface WorldOptions {
  continuation: Continuation;
  /** Processes with an owner; and gateways of their own, or a gateway beside each owner. */
  owners: number;
  apart: boolean;
  ais: number;
  tabs: number;
  /** The last tab reads whole texts. */
  whole: boolean;
  weather: Weather;
  tape: ArrayLike<number>;
  /** Ms between two pieces of an answer, more than the shortest. */
  paceMs: number;
  /** The store takes writes of any epoch: to see that this simulation can fail. */
  unfenced?: boolean;
}

interface Accepted {
  messageId: string;
  replyId: string;
  content: string;
}

export class World implements Around {
  readonly scheduler = new Scheduler();
  readonly timeline: Timeline;
  readonly witness: Witness;
  readonly continuation: Continuation;
  readonly fate: Fate;
  paceMs: number;
  readonly network: Network;
  readonly store: StoreServer;
  readonly history: HistoryServer;
  readonly fanOut: FanOut;
  /** Every call of a model, in order. */
  readonly calls: ModelCall[] = [];
  readonly tabs: Tab[] = [];
  /** By clientMessageId: what the server answered. */
  readonly sent = new Map<string, Accepted>();
  readonly versions = new Versions(this);
  readonly cancels: { messageId: string; status: MessageStatus }[] = [];
  /** An owner gave up what only it knew. */
  forgetful = false;
  readonly machines: Machine[] = [];
  /** Places that cannot reach the store. */
  readonly cut = new Set<Place>();
  /** What registries list, by name. */
  readonly #listed = new Map<string, Machine>();
  #numbers = 0;

  constructor(options: WorldOptions, telling: boolean) {
    this.timeline = new Timeline(this.scheduler, telling);
    this.witness = new Witness(this.timeline);
    this.continuation = options.continuation;
    this.paceMs = options.paceMs;
    this.fate = new Fate(options.tape, options.weather);
    this.network = new Network(this.scheduler, this.fate, (place) => this.reaches(place));
    this.store = new StoreServer(() => this.scheduler.now, NODE_TTL_MS, this.witness, options.unfenced !== true);
    this.history = new HistoryServer(this.scheduler, this.fate, this.timeline);
    this.fanOut = new FanOut(this);
    const now = new Date(this.scheduler.clockOf(null).now()).toISOString();
    const seed = { userId: 'u1', title: '', createdAt: now, updatedAt: now, rev: 0, nextPosition: 1, messageCount: 0, tip: null };
    this.store.begin({ ...seed, sessionId: SESSION, logId: this.newId(4), opsComplete: true });
    for (let n = 0; n < options.owners; n += 1) this.startOwner({ owner: true, gateway: !options.apart });
    for (let n = 0; n < (options.apart ? 2 : 0); n += 1) this.startOwner({ owner: false, gateway: true });
    for (let n = 0; n < options.ais; n += 1) this.startAi();
    const mode = (n: number): Mode => (options.whole && n === options.tabs - 1 ? 'accumulated' : 'delta');
    for (let n = 0; n < options.tabs; n += 1) this.tabs.push(new Tab(this, `tab-${n + 1}`, 'u1', SESSION, mode(n)));
  }

  readonly newId = (length: number): string => `${'i'.repeat(length)}${this.nextNumber()}`.slice(-length);

  nextNumber(): number {
    this.#numbers += 1;
    return this.#numbers;
  }

  pick<T>(among: readonly T[]): T | undefined {
    return among[this.fate.choose(among.length)];
  }

  /** The store forgot what only it knew: what was accepted may be gone, and that is not promised. */
  get excused(): boolean {
    return this.forgetful && this.witness.of(SESSION).lost;
  }

  // ---- who is there ---------------------------------------------------------------------------------------------

  reaches(place: Place): boolean {
    return this.store.up && !this.cut.has(place);
  }
  /** The store sees its connections. */
  isThere(name: string): boolean {
    return this.machines.some(({ place }) => place.name === name && place.state !== 'dead' && !this.cut.has(place));
  }
  known(name: string): Machine | undefined {
    return this.#listed.get(name);
  }
  listed(): Machine[] {
    return [...this.#listed.values()];
  }
  offering(action: string): Machine[] {
    return this.listed().filter(({ actions }) => actions.has(action));
  }
  living(): Machine[] {
    return this.machines.filter(({ dead }) => !dead);
  }
  owners(): OwnerMachine[] {
    return this.living().filter((machine) => machine instanceof OwnerMachine);
  }
  ais(): AiMachine[] {
    return this.living().filter((machine) => machine instanceof AiMachine);
  }
  gateways(): SimGateway[] {
    return this.owners().flatMap(({ gateway }) => (gateway && !gateway.closed && gateway.place.state === 'up' ? [gateway] : []));
  }

  startOwner(parts: { owner: boolean; gateway: boolean }): void {
    const machine = new OwnerMachine(this, `${parts.owner ? 'owner' : 'gate'}-${this.#countOf('owner', 'gate') + 1}`, parts);
    this.#add(machine);
    machine.start();
  }
  startAi(): void {
    this.#add(new AiMachine(this, `ai-${this.#countOf('ai') + 1}`));
  }

  list(machine: Machine): void {
    if (!machine.dead) this.#listed.set(machine.name, machine);
  }

  /** Registries forget it, and whoever watches it is told. */
  unlist(machine: Machine): void {
    this.#listed.delete(machine.name);
    this.network.dropped(machine.name);
  }

  tellGone(gone: Machine): void {
    this.timeline.note('world', () => `${gone.name} counts as gone`);
    for (const machine of this.living()) if (machine !== gone) this.#tellGone(machine, gone);
  }

  /** Each looks for itself: one that is cut off sees it once it is back. */
  #tellGone(machine: Machine, gone: Machine): void {
    if (this.reaches(machine.place)) return void this.scheduler.after(this.fate.hop(), machine.place, () => machine.tellGone(gone.name));
    this.scheduler.after(LOOK_MS, machine.place, () => {
      if (!machine.dead && !this.#listed.has(gone.name)) this.#tellGone(machine, gone);
    });
  }

  // ---- what was answered ----------------------------------------------------------------------------------------

  accepted({ sessionId, clientMessageId, content }: ClientEvent<'message:send'>, { messageId, replyId }: { messageId: string; replyId: string }): void {
    if (sessionId !== SESSION) return;
    this.timeline.note('client', () => `${clientMessageId} accepted as ${messageId}, reply ${replyId}`);
    const first = this.sent.get(clientMessageId);
    if (first && (first.messageId !== messageId || first.replyId !== replyId)) this.timeline.fail('client', `${clientMessageId} was answered in two ways`);
    this.sent.set(clientMessageId, { messageId, replyId, content });
  }

  cancelled({ sessionId, messageId }: ClientEvent<'message:cancel'>, { status }: { status: MessageStatus }): void {
    if (sessionId !== SESSION) return;
    this.timeline.note('client', () => `cancel of ${messageId}: ${status}`);
    this.cancels.push({ messageId, status });
  }

  #add(machine: Machine): void {
    this.machines.push(machine);
    this.list(machine);
  }
  #countOf(...kinds: string[]): number {
    return this.machines.filter(({ name }) => kinds.includes(name.split('-')[0]!)).length;
  }
}
