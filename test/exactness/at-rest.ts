/** What lies where once all is quiet. */
import type { Redis } from 'ioredis';
import type { Event, Message } from '../../src/protocol/wire.ts';
import type { RoamingTab } from '../support/roaming-tab.ts';
import { until } from '../support/until.ts';
import { difference, shown } from './fold.ts';
import type { LogAtRest } from './recording.ts';

const SETTLE_LIMIT_MS = 40_000;

/** Waits until history and all tabs show the same, ended messages; what they show when time is up is for the checker. */
export async function settled(tabs: RoamingTab[]): Promise<Message[]> {
  let stored: Message[] = [];
  await until('the tabs to agree', async () => {
    stored = await tabs[0]!.history();
    const kept = stored.map(shown);
    return stored.every(({ status }) => status !== 'streaming') && tabs.every(({ messages }) => difference([...messages.values()].map(shown), kept) === null);
  }, SETTLE_LIMIT_MS).catch(() => undefined);
  return stored;
}

export async function logAtRest(redis: Redis, sessionId: string): Promise<LogAtRest | null> {
  const answers = await redis.multi().hgetall(`session:{${sessionId}}:meta`).xrange(`session:{${sessionId}}:log`, '-', '+').exec();
  const [meta, entries] = (answers ?? []).map(([, value]) => value) as [Record<string, string>?, [string, string[]][]?];
  if (meta?.['logId'] === undefined) return null;
  return { logId: meta['logId'], head: Number(meta['head']), events: (entries ?? []).map(([, fields]) => JSON.parse(fields[fields.indexOf('e') + 1] ?? '{}') as Event) };
}
