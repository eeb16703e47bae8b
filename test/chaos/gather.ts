/** What lies where when all is quiet: history, log, audit trail; put together with what the clients and the model saw. */
import { openTrail } from '../../src/backends/open-trail.ts';
import type { AuditEntry } from '../../src/backends/contracts.ts';
import { loadConfig } from '../../src/config.ts';
import type { Message } from '../../src/protocol/wire.ts';
import { logAtRest } from '../exactness/at-rest.ts';
import type { RecordedTab } from '../exactness/recorded-tab.ts';
import type { SessionRecording, Span, TrailEntry } from '../exactness/recording.ts';
import { until } from '../support/until.ts';
import type { ChaosCluster } from './chaos-cluster.ts';
import type { ChaosUser } from './load.ts';

const DRAIN_LIMIT_MS = 40_000;

export type Trail = Map<string, TrailEntry[]>;

/** Once the outbox is empty: everything Kafka was told since then, by session. */
export async function trailSince(cluster: ChaosCluster, since: number): Promise<Trail> {
  const { redis } = cluster.servers;
  await until('the outbox to drain', async () => (await redis.xlen('audit:outbox')) === 0, DRAIN_LIMIT_MS).catch(() => undefined);
  const opened = await openTrail(loadConfig(cluster.env));
  const trail: Trail = new Map();
  try {
    await opened.sink.read({ since }, (entries) => entries.forEach((entry) => add(trail, entry)));
  } finally {
    await opened.close();
  }
  return trail;
}

function add(trail: Trail, { id, type, sessionId, logId, seq, epoch, data }: AuditEntry): void {
  if (sessionId === null || seq === null || logId === undefined || epoch === null || !/^(message|session)\./.test(type) || id.endsWith(':created')) return;
  const message = data['message'] as { id?: string; content?: string } | undefined;
  const messageId = message?.id ?? (data['messageId'] as string | undefined) ?? null;
  const entry: TrailEntry = { id, type, logId, seq, epoch, messageId, ...(message?.content !== undefined && { content: message.content }) };
  trail.set(sessionId, [...(trail.get(sessionId) ?? []), entry]);
}

export async function recordingOf(user: ChaosUser, cluster: ChaosCluster, more: { stored: Message[]; trail: Trail; tabs: RecordedTab[]; faults: Span[] }): Promise<SessionRecording> {
  const { sessionId, sent } = user;
  const questions = new Set(sent.map(({ content }) => content));
  return {
    sessionId,
    tabs: more.tabs.map(({ recording }) => recording),
    sent,
    generations: cluster.model.generations.filter(({ question }) => questions.has(question)),
    stored: more.stored,
    log: await logAtRest(cluster.servers.redis, sessionId),
    trail: more.trail.get(sessionId) ?? [],
    faults: more.faults,
  };
}
