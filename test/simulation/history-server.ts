/** History behind the network: the in-memory store of the contracts, which can be away. */
import { MemoryHistory } from '../support/fakes/memory-history.ts';
import { Faults } from '../support/fakes/faults.ts';
import { MemoryState } from '../support/fakes/memory-state.ts';
import type { ActionInput } from '../../src/protocol/broker.ts';
import type { Fate } from './fate.ts';
import type { Place, Scheduler } from './scheduler.ts';
import { StoreConnection } from './store-connection.ts';
import type { Timeline } from './timeline.ts';

const DAY = 86_400_000;

export class HistoryServer {
  readonly store: MemoryHistory;
  up = true;
  readonly #connections = new Map<Place, StoreConnection>();
  readonly #scheduler: Scheduler;
  readonly #fate: Fate;
  readonly #timeline: Timeline;

  constructor(scheduler: Scheduler, fate: Fate, timeline: Timeline) {
    this.#scheduler = scheduler;
    this.#fate = fate;
    this.#timeline = timeline;
    const retention = { events: DAY, wholeLogs: DAY, emptyLogs: DAY };
    this.store = new MemoryHistory(new MemoryState({ clock: scheduler.clockOf(null), newLogId: () => '', audit: false, outboxBytes: 0, retention }), new Faults());
  }

  call(place: Place, action: string, params: never): Promise<unknown> {
    let connection = this.#connections.get(place);
    if (!connection) {
      connection = new StoreConnection(this.#scheduler, this.#fate, place, () => this.up);
      this.#connections.set(place, connection);
    }
    return connection.call(() => this.#apply(action, params));
  }

  #apply(action: string, params: never): Promise<unknown> {
    switch (action) {
      case 'history.store': {
        const { session, messages, ratings }: ActionInput<'history.store'> = params;
        this.#timeline.note('history', () => `stores rev ${session.rev}: ${messages.map(({ id, status }) => `${id} ${status}`).join(', ')}`);
        return this.store.store(session, messages, ratings);
      }
      case 'history.remove': {
        const { sessionId, userId, rev }: ActionInput<'history.remove'> = params;
        return this.store.remove(sessionId, userId, rev);
      }
      case 'history.page': {
        const { sessionId, before, limit }: ActionInput<'history.page'> = params;
        return this.store.page(sessionId, before, limit);
      }
      case 'history.message': {
        const { sessionId, messageId }: ActionInput<'history.message'> = params;
        return this.store.message(sessionId, messageId);
      }
      case 'history.session': {
        const { sessionId }: ActionInput<'history.session'> = params;
        return this.store.session(sessionId);
      }
      case 'history.outline': {
        const { sessionId, after }: ActionInput<'history.outline'> = params;
        return this.store.outline(sessionId, after);
      }
      default:
        throw new Error(`history does not do ${action}`);
    }
  }
}
