/** History in MongoDB: sessions and finished messages, the words they are found by, and people's files. */
import { systemClock, type Clock } from '../../clock.ts';
import type { FileStore, HistoryStore } from '../contracts.ts';
import { openMongo, type MongoSettings } from './mongo-connection.ts';
import { fileModel, MongoFiles } from './mongo-files.ts';
import { historyModels } from './mongo-models.ts';
import { MongoHistory } from './mongo-store.ts';

export interface OpenHistory {
  history: HistoryStore;
  files: FileStore;
  health(): Promise<{ ok: boolean; detail?: string }>;
  close(): Promise<void>;
}

/** Connects in the background; until then, and whenever the server is away, calls reject with `unavailable`. */
export function openMongoHistory(config: MongoSettings, clock: Clock = systemClock): OpenHistory {
  const link = openMongo(config, async (connection) => {
    await Promise.all(Object.values(connection.models).map((model) => model.createIndexes()));
  });
  const models = historyModels(link.connection);
  const files = new MongoFiles(link, fileModel(link.connection));
  return { history: new MongoHistory(link, models, clock), files, health: () => link.health(), close: () => link.close() };
}
