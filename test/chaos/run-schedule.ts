/** One schedule on a running cluster: people talk while things break; then everything heals, and all is compared. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { settled } from '../exactness/at-rest.ts';
import { check } from '../exactness/checker.ts';
import type { RecordedTab } from '../exactness/recorded-tab.ts';
import type { Span } from '../exactness/recording.ts';
import { guestToken, Refused } from '../support/tab.ts';
import { until } from '../support/until.ts';
import type { ChaosCluster } from './chaos-cluster.ts';
import { EpochWatch } from './epochs.ts';
import { play, type Stage } from './faults.ts';
import { recordingOf, trailSince } from './gather.ts';
import { ChaosUser, type Street } from './load.ts';
import { unpromised } from './promised.ts';
import { words, type Fault, type Schedule } from './schedule.ts';
import { Timeline } from './timeline.ts';

/** A verdict of the checker, or: not-healed, bad-stop, ended, revived. */
export interface Problem {
  kind: string;
  sessionId?: string;
  detail: string;
  at?: number;
}
export interface Outcome {
  schedule: Schedule;
  /** Broken promises. None: well. */
  problems: Problem[];
  /** What went beyond what is promised after such faults. */
  excused: Problem[];
  replies: number;
  tookMs: number;
  timeline: Timeline;
}

/** Nodes find out, take over and store what they lack within this time after a fault. */
const AFTERMATH_MS = 8_000;
const SERVERS = ['redis', 'mongo', 'kafka'];

export async function runSchedule(schedule: Schedule, cluster: ChaosCluster): Promise<Outcome> {
  const [began, timeline] = [Date.now(), new Timeline()];
  const problems: Problem[] = [];
  for (const fault of schedule.faults) timeline.say(`plan: at ${(fault.atMs / 1_000).toFixed(1)} s ${words(fault)}`);
  const token = await guestToken(cluster.gateways[0]!.url);
  const street: Street = { urls: cluster.gateways.map(({ url }) => url), token, timeline, endsAt: 0 };
  const users = schedule.users.map((plan, n) => new ChaosUser(`user ${n}`, plan, street));
  await Promise.all(users.map((user) => user.arrive()));
  const epochs = new EpochWatch(cluster.servers.redis, users.map(({ sessionId }) => sessionId));
  street.endsAt = Date.now() + schedule.stormMs;
  const [faults] = await Promise.all([
    storm(schedule, { cluster, timeline, onBadStop: (detail) => problems.push(...badStop(schedule, detail)) }).then(async (spans) => {
      await cluster.healed().catch((err: unknown) => void problems.push({ kind: 'not-healed', detail: String(err) }));
      timeline.say('everything is healed');
      return spans;
    }),
    ...users.map((user) => user.live()),
  ]);
  timeline.say('everybody has been answered');
  problems.push(...(await verdicts(users, cluster, { faults, since: began })), ...epochs.found, ...cluster.ended.splice(0).map((detail) => ({ kind: 'ended', detail })));
  epochs.stop();
  for (const user of users) user.leave();
  for (const { kind, detail, at, sessionId } of problems) timeline.say(`!! ${kind} ${sessionId ?? ''} ${detail}`, at);
  const excuses: Set<string> = unpromised(schedule);
  const replies = users.reduce((sum, { sent }) => sum + sent.filter(({ answers }) => answers.length > 0).length, 0);
  return { schedule, problems: problems.filter(({ kind }) => !excuses.has(kind)), excused: problems.filter(({ kind }) => excuses.has(kind)), replies, tookMs: Date.now() - began, timeline };
}

/** Answers when things were broken. */
async function storm({ faults }: Schedule, stage: Stage): Promise<Span[]> {
  const began = Date.now();
  return Promise.all(faults.map(async (fault) => {
    await pause(Math.max(0, began + fault.atMs - Date.now()));
    const from = Date.now();
    await play(fault, stage);
    return { from, to: Date.now() + AFTERMATH_MS };
  }));
}

/** With a server away a node may not be able to end in order within its time. */
function badStop({ faults }: Schedule, detail: string): Problem[] {
  return faults.some((fault: Fault) => SERVERS.includes(fault.target) || fault.connection !== undefined) ? [] : [{ kind: 'bad-stop', detail }];
}

async function verdicts(users: ChaosUser[], cluster: ChaosCluster, { faults, since }: { faults: Span[]; since: number }): Promise<Problem[]> {
  const problems: Problem[] = users.flatMap((user) => user.problems.map((problem) => ({ ...problem, sessionId: user.sessionId })));
  const living = users.filter(({ deleted, sent }) => !deleted && sent.some(({ answers }) => answers.length > 0));
  // One that comes now sees what the others see.
  const quiet = await Promise.all(living.map(async (user) => {
    const tabs: RecordedTab[] = [...user.tabs, await user.newTab(`${user.name} late tab`, 0, user.sessionId)];
    return { user, tabs, stored: await settled(tabs) };
  }));
  const trail = await trailSince(cluster, since);
  for (const { user, tabs, stored } of quiet) {
    const recording = await recordingOf(user, cluster, { stored, trail, tabs, faults });
    const found = check(recording);
    problems.push(...found);
    if (found.length > 0) writeFileSync(join(cluster.folder, `${user.sessionId}.json`), JSON.stringify(recording, null, 1));
    tabs.at(-1)?.close();
  }
  for (const user of users.filter(({ deleted }) => deleted)) problems.push(...(await staysDeleted(user)));
  return problems;
}

async function staysDeleted({ sessionId, tabs: [tab] }: ChaosUser): Promise<Problem[]> {
  const isGone = async (): Promise<boolean> => tab!.insist('session:open', { sessionId }).then(() => false, (err: unknown) => err instanceof Refused && err.code === 'not-found');
  const gone = await until('the deleted session to be gone', isGone, 20_000).then(() => true, () => false);
  return gone ? [] : [{ kind: 'revived', sessionId, detail: 'a deleted session can be opened' }];
}
