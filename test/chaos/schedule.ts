/**
 * One schedule of faults and load, made from its seed alone: the same seed gives the same schedule on any machine. What
 * comes of it may differ, since processes are as fast as they are.
 */
import { seeded, type Seeded } from '../support/seeded.ts';

/** Nodes of the cluster, by name. Each gateway has a session owner beside it. */
export const GATEWAYS = ['gateway-1', 'gateway-2', 'gateway-3'] as const;
export const AI_NODES = ['ai-1', 'ai-2'] as const;
const NODES = [...GATEWAYS, ...AI_NODES, 'history', 'audit'];
/** What a node's connections to Redis call themselves; '' is all of them. */
const CONNECTIONS = ['broker-pub', 'broker-sub', 'stores', ''];
const OF_A_GATEWAY = ['append', 'fan-out-pub', 'fan-out-sub', ...CONNECTIONS];
/** Most connections that matter are a gateway's. */
const CONNECTED = [...GATEWAYS, ...GATEWAYS, ...NODES];

/** kind: [how often, beside the others; whom it hits; how long at most, in ms]. */
const KINDS = {
  kill: [4, NODES, 2_000],
  freeze: [4, NODES, 5_000],
  drain: [3, NODES, 1_000],
  'clock-jump': [3, NODES, 4_000],
  'one-more': [2, ['gateway-extra', 'ai-extra'], 4_000],
  'cut-connection': [3, CONNECTED, 1_000],
  'black-hole': [3, CONNECTED, 4_000],
  'hold-back': [3, CONNECTED, 4_000],
  refuse: [2, CONNECTED, 4_000],
  'stop-server': [1, ['redis', 'mongo', 'kafka'], 3_000],
  'kill-server': [3, ['redis', 'mongo', 'kafka'], 4_000],
  'hang-server': [3, ['redis', 'mongo', 'kafka'], 4_000],
  // Up again at once: an owner that cannot renew for long forgets, and then nothing is promised.
  'lose-tail': [2, ['redis'], 0],
  flush: [2, ['redis'], 0],
  'forget-scripts': [1, ['redis'], 0],
  full: [1, ['redis'], 3_000],
  'model-busy': [1, ['model'], 3_000],
  'model-silent': [1, ['model'], 3_000],
  'model-cut': [1, ['model'], 0],
} satisfies Record<string, [number, readonly string[], number]>;

export type FaultKind = keyof typeof KINDS;
export interface Fault {
  kind: FaultKind;
  target: string;
  atMs: number;
  forMs: number;
  /** Of the faults of connections: which one. */
  connection?: string;
  /** ms of a clock-jump, bytes of lose-tail. */
  amount?: number;
}
export interface Turn {
  pauseMs: number;
  /** Which tab sends, and whether another one sends the same. */
  tab: number;
  twice: boolean;
  /** After it was accepted. */
  cancelAfterMs: number | null;
}
export interface Move {
  atMs: number;
  tab: number;
  kind: 'switch' | 'reload';
}
export interface UserPlan {
  turns: Turn[];
  moves: Move[];
  /** This one deletes its session then. */
  deleteAtMs: number | null;
}
export interface Schedule {
  seed: number;
  stormMs: number;
  faults: Fault[];
  users: UserPlan[];
}

const STORM_MS = 9_000;
/** Faults are over by the end of the storm, or soon after. */
const LAST_FAULT_MS = 6_500;
const USERS = 4;
export const TABS = 2;

export function scheduleOf(seed: number): Schedule {
  const random = seeded(seed);
  const faults = Array.from({ length: random.int(2, 5) }, () => faultOf(random)).sort((a, b) => a.atMs - b.atMs);
  const users = Array.from({ length: USERS }, (_, n) => userOf(random, n === USERS - 1));
  return { seed, stormMs: STORM_MS, faults: faults.filter(apart), users };
}

function faultOf(random: Seeded): Fault {
  const bag = Object.entries(KINDS).flatMap(([kind, [weight]]) => Array.from({ length: weight }, () => kind as FaultKind));
  const kind = random.pick(bag);
  const [, targets, longest]: [number, readonly string[], number] = KINDS[kind];
  const fault: Fault = { kind, target: random.pick(targets), atMs: random.int(300, LAST_FAULT_MS), forMs: longest === 0 ? 0 : random.int(Math.min(300, longest), longest) };
  if (['cut-connection', 'black-hole', 'hold-back', 'refuse'].includes(kind)) fault.connection = random.pick(fault.target.startsWith('gateway') ? OF_A_GATEWAY : CONNECTIONS);
  if (kind === 'clock-jump') fault.amount = random.pick([-60_000, 60_000]);
  if (kind === 'lose-tail') fault.amount = random.int(100, 20_000);
  return fault;
}

/** One thing cannot be broken in two ways at once. */
function apart(fault: Fault, place: number, all: Fault[]): boolean {
  return !all.slice(0, place).some((before) => before.target === fault.target && before.atMs + before.forMs + 1_500 > fault.atMs);
}

function userOf(random: Seeded, deletes: boolean): UserPlan {
  return {
    turns: Array.from({ length: 8 }, () => ({
      pauseMs: random.int(0, 800),
      tab: random.int(0, TABS - 1),
      twice: random.next() < 0.3,
      cancelAfterMs: random.next() < 0.25 ? random.int(0, 2_500) : null,
    })),
    moves: Array.from({ length: random.int(1, 6) }, () => ({ atMs: random.int(300, STORM_MS), tab: random.int(0, TABS - 1), kind: random.pick(['switch', 'switch', 'reload'] as const) })).sort((a, b) => a.atMs - b.atMs),
    deleteAtMs: deletes ? random.int(500, STORM_MS) : null,
  };
}

/** `kill gateway-2 for 1.2 s` */
export function words({ kind, target, forMs, connection, amount }: Fault): string {
  const which = connection === undefined ? '' : ` (${connection === '' ? 'all connections' : connection})`;
  const how = amount === undefined ? '' : kind === 'clock-jump' ? ` by ${amount / 1_000} s` : ` of ${amount} bytes`;
  return `${kind} ${target}${which}${how}${forMs === 0 ? '' : ` for ${(forMs / 1_000).toFixed(1)} s`}`;
}
