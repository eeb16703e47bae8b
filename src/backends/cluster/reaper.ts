/** Frees the sessions of nodes that are dead. Every node does it; doing it twice changes nothing. */
import { keys, nodeKeys } from './redis-keys.ts';
import type { RedisLink } from './redis-link.ts';

/** Sessions freed by one script: it holds everybody up for less than a millisecond. */
const AT_ONCE = 200;
/** Of one dead node, in one call. */
const BATCHES = 10;

export class Reaper {
  readonly #link: RedisLink;

  constructor(link: RedisLink) {
    this.#link = link;
  }

  /** Some of each dead node's sessions; the next call goes on. */
  async reapTheDead(): Promise<void> {
    const dead = (await this.#link.run('deadNodes', [keys.nodes], [])) as string[];
    await Promise.all(dead.map((nodeId) => this.#reap(nodeId, false, BATCHES)));
  }

  /** All sessions of a node of this process, which is dead from then on unless it joins again. */
  async bury(nodeId: string): Promise<void> {
    await this.#reap(nodeId, true, Infinity);
  }

  /** The node's process is certainly gone: it need not wait for its time. Nothing happens when it joined anew meanwhile. */
  async declareDead(nodeId: string, stillGone: () => Promise<boolean>): Promise<void> {
    const { alive } = nodeKeys(nodeId);
    const token = await this.#link.ask((client) => client.get(alive));
    if (token !== null) {
      if (!(await stillGone())) return;
      if ((await this.#link.run('bury', [alive], [token])) !== 1) return;
    }
    await this.#reap(nodeId, false, BATCHES);
  }

  async #reap(nodeId: string, leaving: boolean, batches: number): Promise<void> {
    const { alive, sessions } = nodeKeys(nodeId);
    const names = [keys.nodes, alive, sessions, keys.unsaved, keys.unowned];
    for (let i = 0; i < batches; i += 1) {
      const left = Number(await this.#link.run('reap', names, [nodeId, AT_ONCE, leaving ? 1 : 0]));
      if (left <= 0) return;
    }
  }

  /** Walks over all unsaved sessions, for those that no list of a node has. */
  async findUnowned(): Promise<void> {
    let cursor = '0';
    do {
      cursor = String(await this.#link.run('findUnowned', [keys.unsaved, keys.unowned], [cursor, AT_ONCE]));
    } while (cursor !== '0');
  }
}
