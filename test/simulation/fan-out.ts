/**
 * The road between gateways: a channel for each room, heard once the subscription is there; what passes while a gateway
 * is cut off is lost, and those who may have lost something are told.
 */
import type { Around, Gateway, Road } from './around.ts';
import { storeAway } from './store-connection.ts';

interface Line {
  /** When the last message sent over it arrives: none overtakes another. */
  up: number;
  down: number;
  life: number;
  /** Rooms that are heard. */
  heard: Set<string>;
  hasLost: boolean;
}

export class FanOut implements Road {
  readonly #world: Around;
  readonly #lines = new Map<Gateway, Line>();

  constructor(world: Around) {
    this.#world = world;
  }

  add(gateway: Gateway): void {
    this.#lines.set(gateway, { up: 0, down: 0, life: 0, heard: new Set(), hasLost: false });
  }
  remove(gateway: Gateway): void {
    this.#lines.delete(gateway);
  }

  subscribe(gateway: Gateway, room: string): void {
    this.#arrive(gateway, (line) => line.heard.add(room));
  }
  unsubscribe(gateway: Gateway, room: string): void {
    this.#arrive(gateway, (line) => line.heard.delete(room));
  }

  /** Resolves when what was subscribed before is heard. */
  joined(gateway: Gateway): Promise<void> {
    const { scheduler, fate } = this.#world;
    return new Promise((resolve, reject) => {
      const lost = scheduler.after(1_000, gateway.place, () => reject(storeAway()));
      this.#arrive(gateway, () => {
        scheduler.after(fate.hop(), gateway.place, () => {
          lost();
          resolve();
        });
      });
    });
  }

  publish(from: Gateway, room: string, name: string, payload: unknown): void {
    const line = this.#lines.get(from);
    if (!line) return;
    if (!this.#world.reaches(from.place)) line.hasLost = true;
    this.#arrive(from, () => {
      for (const [gateway, { heard }] of this.#lines) {
        if (gateway !== from && heard.has(room)) this.#deliver(gateway, () => gateway.deliver(room, name, payload));
      }
    });
  }

  /** The gateway lost its connections: nothing on its way arrives, and nothing is heard any more. */
  cut(gateway: Gateway): void {
    const line = this.#lines.get(gateway);
    if (!line) return;
    line.life += 1;
    line.hasLost = true;
    line.heard.clear();
  }

  /** It has them again. */
  restored(gateway: Gateway): void {
    const line = this.#lines.get(gateway);
    if (!line) return;
    for (const room of gateway.rooms) this.subscribe(gateway, room);
    void this.joined(gateway).then(() => gateway.resync(), () => gateway.resync());
    if (!line.hasLost) return;
    line.hasLost = false;
    this.#arrive(gateway, () => {
      for (const other of this.#lines.keys()) if (other !== gateway) this.#deliver(other, () => other.resync());
    });
  }

  #arrive(gateway: Gateway, then: (line: Line) => void): void {
    const line = this.#lines.get(gateway);
    if (!line) return;
    const { scheduler, fate } = this.#world;
    const { life } = line;
    line.up = Math.max(line.up, scheduler.now + fate.hop());
    scheduler.after(line.up - scheduler.now, null, () => {
      if (line.life === life && this.#world.reaches(gateway.place)) then(line);
      else line.hasLost = true;
    });
  }

  #deliver(gateway: Gateway, run: () => void): void {
    const line = this.#lines.get(gateway);
    if (!line) return;
    const { scheduler, fate } = this.#world;
    const { life } = line;
    line.down = Math.max(line.down, scheduler.now + fate.hop());
    scheduler.after(line.down - scheduler.now, gateway.place, () => line.life === life && run());
  }
}
