/** Plays one fault of a schedule on the cluster, and takes it back. */
import { setTimeout as pause } from 'node:timers/promises';
import { until } from '../support/until.ts';
import type { ChaosCluster } from './chaos-cluster.ts';
import { words, type Fault, type FaultKind } from './schedule.ts';
import type { ServerName } from './servers.ts';
import type { Timeline } from './timeline.ts';

export interface Stage {
  cluster: ChaosCluster;
  timeline: Timeline;
  /** A node that was asked to stop did not do so well. */
  onBadStop(what: string): void;
}
type Play = (fault: Fault, stage: Stage) => Promise<void>;

/** Resolves once it is over. */
export async function play(fault: Fault, stage: Stage): Promise<void> {
  stage.timeline.say(`>> ${words(fault)}`);
  await FAULTS[fault.kind](fault, stage);
  stage.timeline.say(`<< ${fault.kind} ${fault.target} is over`);
}

const server = ({ target }: Fault): ServerName => target as ServerName;

/** Breaks the way of one node to Redis, for a while. */
const onTheWay = (spoil: (fault: Fault, stage: Stage) => void): Play => async (fault, stage) => {
  spoil(fault, stage);
  await pause(fault.forMs);
  stage.cluster.node(fault.target).proxy.pass();
};

const endServer = (signal: NodeJS.Signals): Play => async (fault, { cluster: { servers } }) => {
  await servers.end(server(fault), signal);
  await pause(fault.forMs);
  await servers.again(server(fault));
};

const moody = (mood: 'busy' | 'silent'): Play => async ({ forMs }, { cluster: { model } }) => {
  model.mood = mood;
  await pause(forMs);
  model.mood = 'well';
};

const FAULTS: Record<FaultKind, Play> = {
  async kill({ target, forMs }, { cluster }) {
    const node = cluster.node(target);
    await node.away(() => node.kill(), forMs);
  },
  async freeze({ target, forMs }, { cluster }) {
    cluster.node(target).signal('SIGSTOP');
    await pause(forMs);
    cluster.node(target).signal('SIGCONT');
  },
  async drain({ target, forMs }, { cluster, timeline, onBadStop }) {
    const node = cluster.node(target);
    await node.away(async () => {
      const code = await node.drain();
      timeline.say(`   ${target} ended with ${code}`);
      if (code !== 0) onBadStop(`${target} ended with ${code}`);
    }, forMs);
  },
  async 'clock-jump'({ target, forMs, amount = 0 }, { cluster }) {
    cluster.node(target).shiftClock(amount);
    await pause(forMs);
    cluster.node(target).shiftClock(0);
  },
  async 'one-more'({ target, forMs }, { cluster, timeline, onBadStop }) {
    await cluster.add(target);
    timeline.say(`   ${target} is there`);
    await pause(forMs);
    const code = await cluster.remove(target);
    if (code !== 0) onBadStop(`${target} ended with ${code}`);
  },
  async 'cut-connection'({ target, forMs, connection }, { cluster }) {
    const { proxy } = cluster.node(target);
    proxy.reset(connection);
    await pause(forMs);
    proxy.reset(connection);
  },
  'black-hole': onTheWay(({ target, connection }, { cluster }) => cluster.node(target).proxy.blackhole(connection)),
  'hold-back': onTheWay(({ target, connection }, { cluster }) => cluster.node(target).proxy.pause(connection)),
  refuse: onTheWay(({ target, connection }, { cluster }) => cluster.node(target).proxy.refuse(connection)),
  'stop-server': endServer('SIGTERM'),
  'kill-server': endServer('SIGKILL'),
  async 'hang-server'(fault, { cluster: { servers } }) {
    servers.signal(server(fault), 'SIGSTOP');
    await pause(fault.forMs);
    servers.signal(server(fault), 'SIGCONT');
  },
  async 'lose-tail'({ forMs, amount = 0 }, { cluster: { servers }, timeline }) {
    await servers.end('redis', 'SIGKILL');
    timeline.say(`   ${servers.cutTail(amount)} bytes are cut off its file`);
    await pause(forMs);
    await servers.again('redis');
  },
  async flush(_, { cluster: { servers } }) {
    await servers.redis.flushall();
  },
  async 'forget-scripts'(_, { cluster: { servers } }) {
    await servers.redis.script('FLUSH');
  },
  async full({ forMs }, { cluster: { servers } }) {
    await servers.redis.config('SET', 'maxmemory', '1mb');
    await pause(forMs);
    await until('Redis to have room', async () => servers.redis.config('SET', 'maxmemory', '0').then(() => true, () => false), 20_000);
  },
  'model-busy': moody('busy'),
  'model-silent': moody('silent'),
  async 'model-cut'(_, { cluster: { model } }) {
    model.cutAll();
  },
};
