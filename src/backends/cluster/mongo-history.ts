/** History in MongoDB: sessions and finished messages, and the words they are found by. */
import { systemClock, type Clock } from '../../clock.ts';
import type { HistoryStore } from '../contracts.ts';
import { openMongo, type MongoSettings } from './mongo-connection.ts';
import { historyModels } from './mongo-models.ts';
import { MongoHistory } from './mongo-store.ts';

export interface OpenHistory {
  history: HistoryStore;
  health(): Promise<{ ok: boolean; detail?: string }>;
  close(): Promise<void>;
}

/** Connects in the background; until then, and whenever the server is away, calls reject with `unavailable`. */
export function openMongoHistory(config: MongoSettings, clock: Clock = systemClock): OpenHistory {
  const link = openMongo(config, async (connection) => {
    await Promise.all(Object.values(connection.models).map((model) => model.createIndexes()));
  });
  const models = historyModels(link.connection);
  return { history: new MongoHistory(link, models, clock), health: () => link.health(), close: () => link.close() };
}
