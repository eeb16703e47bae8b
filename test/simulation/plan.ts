/** What is done in a run, as data: fast-check makes plans, and shrinks the one that broke a rule. */
import fc from 'fast-check';
import type { Continuation } from './around.ts';
import type { Weather } from './fate.ts';
import type { WorldOptions } from './world.ts';

/** Calmer ones first: a counterexample shrinks towards them. */
export const CLIENT_DEEDS = ['send', 'cancel', 'rename', 'configure', 'rate', 'repeat', 'reload', 'drop', 'delete'] as const;
export const AI_DEEDS = ['kill-ai', 'pause-ai', 'stop-ai'] as const;
export const OWNER_DEEDS = ['kill-owner', 'pause-owner', 'stop-owner', 'cut-owner', 'expel-owner'] as const;
export const STORE_DEEDS = ['history-away', 'store-away', 'store-restart', 'store-loses-tail', 'store-empty', 'expire-events', 'expire-log'] as const;
export const VERSION_DEEDS = ['regenerate', 'edit', 'select', 'repeat-version'] as const;
export const DEEDS = [...CLIENT_DEEDS, ...AI_DEEDS, ...OWNER_DEEDS, ...STORE_DEEDS] as const;
export type Deed = (typeof DEEDS)[number] | (typeof VERSION_DEEDS)[number];

export interface Step {
  /** Ms after the step before. */
  after: number;
  deed: Deed;
  /** Which tab or process, of those there are. */
  which: number;
  /** How long it lasts, for those that last. */
  ms: number;
}
export interface Plan extends WorldOptions {
  steps: Step[];
}

/** Most pauses are as short as the work is; some are as long as timers. */
const pause = fc.oneof({ weight: 5, arbitrary: fc.nat(60) }, { weight: 1, arbitrary: fc.integer({ min: 100, max: 3_000 }) });

function step(deeds: readonly Deed[]): fc.Arbitrary<Step> {
  return fc.record({ after: pause, deed: fc.constantFrom(...deeds), which: fc.nat(3), ms: pause });
}

const weather: fc.Arbitrary<Weather> = fc.record({ losing: fc.boolean(), repeating: fc.boolean(), late: fc.boolean(), doubtful: fc.boolean(), fickle: fc.boolean() });

/** `most`: of steps. Each plan begins with a message. */
export function plans(most: number, deeds: readonly Deed[]): fc.Arbitrary<Plan> {
  return fc.record({
    continuation: fc.constantFrom<Continuation>('prefill', 'restart', 'stop'),
    owners: fc.integer({ min: 1, max: 3 }),
    apart: fc.boolean(),
    ais: fc.integer({ min: 1, max: 2 }),
    tabs: fc.integer({ min: 1, max: 3 }),
    whole: fc.boolean(),
    weather,
    tape: fc.uint8Array({ maxLength: 240, size: 'max' }),
    paceMs: fc.oneof({ weight: 4, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.integer({ min: 20, max: 300 }) }),
    steps: fc.array(step(deeds), { maxLength: most, size: 'max' }),
  });
}
