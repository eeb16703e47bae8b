/** One process of the world with its broker: what Moleculer is to src/, over the simulated network. */
import type { ServiceBroker } from 'moleculer';
import type { Presence } from '../../src/backends/contracts.ts';
import type { Clock } from '../../src/clock.ts';
import { brokerError } from './network.ts';
import { Place } from './scheduler.ts';
import type { Around } from './around.ts';

type Handler = (params: never, meta: object) => unknown;
interface CallOptions {
  nodeID?: string;
  timeout?: number;
  meta?: object;
}

const REQUEST_TIMEOUT_MS = 2_000;
const BLINK_MS = 250;

/** As much of a big thing as the product uses of it here. */
export function standIn<T>(parts: Partial<Record<keyof T, unknown>>): T {
  return parts as T;
}

export class Machine {
  readonly place: Place;
  readonly clock: Clock;
  readonly broker: ServiceBroker;
  readonly presence: Presence;
  readonly actions = new Map<string, Handler>();
  readonly events = new Map<string, (payload: never) => void>();
  protected readonly world: Around;
  readonly #onGone = new Set<(nodeId: string) => void>();

  constructor(world: Around, name: string) {
    this.world = world;
    this.place = new Place(name);
    this.clock = world.scheduler.clockOf(this.place);
    this.broker = this.#makeBroker();
    this.presence = {
      isGone: (nodeId) => this.#isGone(nodeId),
      onGone: (listener) => {
        this.#onGone.add(listener);
        return () => void this.#onGone.delete(listener);
      },
    };
  }

  get name(): string {
    return this.place.name;
  }
  get dead(): boolean {
    return this.place.state === 'dead';
  }

  has(service: string): boolean {
    return [...this.actions.keys()].some((action) => action.startsWith(`${service}.`));
  }

  /** Everybody hears that this node is gone. */
  tellGone(nodeId: string): void {
    for (const listener of [...this.#onGone]) listener(nodeId);
  }

  crash(): void {
    this.world.timeline.note(this.name, () => 'killed');
    this.world.scheduler.kill(this.place);
  }

  async #isGone(nodeId: string): Promise<boolean> {
    const { scheduler } = this.world;
    const mustReach = (): void => {
      if (!this.world.reaches(this.place)) throw brokerError('REQUEST_SKIPPED');
    };
    mustReach();
    if (this.world.isThere(nodeId)) return false;
    await new Promise<void>((resolve) => void scheduler.after(BLINK_MS, this.place, resolve));
    mustReach();
    return !this.world.isThere(nodeId);
  }

  async #call(action: string, params: never, { nodeID, timeout = REQUEST_TIMEOUT_MS, meta = {} }: CallOptions = {}): Promise<unknown> {
    const own = this.actions.get(action);
    if (own && (nodeID === undefined || nodeID === this.name)) return own(params, meta);
    if (action.startsWith('history.')) return this.world.history.call(this.place, action, params);
    const target = nodeID === undefined ? this.world.pick(this.world.offering(action)) : this.world.known(nodeID);
    if (!target) throw brokerError(nodeID === undefined ? 'SERVICE_NOT_FOUND' : 'SERVICE_NOT_AVAILABLE');
    return this.world.network.call(this.place, target.place, timeout, () => target.actions.get(action)?.(params, meta));
  }

  async #emit(event: string, payload: never, { groups }: { groups: string[] }): Promise<void> {
    const [, nodeId] = groups[0]!.split('@');
    if (nodeId === this.name) return this.events.get(event)?.(payload);
    const target = this.world.known(nodeId!);
    if (!target) return;
    const deliver = (): void => target.events.get(event)?.(payload);
    // Chunks are repeated and numbered, and must stand any order; frames are not.
    if (event.startsWith('ai.')) this.world.network.emit(this.place, target.place, deliver);
    else this.world.network.emitInOrder(this.place, target.place, deliver);
  }

  #makeBroker(): ServiceBroker {
    const { world } = this;
    const endpoints = (action: string): { id: string; isAvailable: boolean }[] => world.offering(action).map(({ name }) => ({ id: name, isAvailable: true }));
    return standIn<ServiceBroker>({
      nodeID: this.name,
      transit: {},
      call: (action: string, params: never, options?: CallOptions) => this.#call(action, params, options),
      emit: (event: string, payload: never, options: { groups: string[] }) => this.#emit(event, payload, options),
      getLocalService: (name: string) => (this.has(name) ? {} : undefined),
      findNextActionEndpoint: (action: string) => {
        const target = world.pick(world.offering(action));
        return target ? { id: target.name } : new Error('nobody');
      },
      registry: {
        getActionEndpoints: (action: string) => ({ endpoints: endpoints(action) }),
        getServiceList: () => world.listed().flatMap((machine) => (machine.has('gateway') ? [{ name: 'gateway', nodeID: machine.name }] : [])),
        nodes: { has: (id: string) => world.known(id) !== undefined, get: (id: string) => ({ available: world.known(id) !== undefined }) },
      },
    });
  }
}
