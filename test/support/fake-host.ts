/** A process that only remembers: what was said, which code it ended with; signals are sent by the test. */
import type { Host, StopSignal } from '../../src/process/host.ts';
import { virtualClock, type VirtualClock } from './virtual-clock.ts';

export interface FakeHost extends Host {
  readonly clock: VirtualClock;
  readonly said: string[];
  readonly exits: number[];
  signal(signal: StopSignal): void;
  uncaught(error: unknown): void;
  listeners(): number;
}

export function fakeHost(): FakeHost {
  const signals: Record<StopSignal, Set<() => void>> = { SIGTERM: new Set(), SIGINT: new Set() };
  const uncaught = new Set<(error: unknown) => void>();
  const said: string[] = [];
  const exits: number[] = [];
  return {
    clock: virtualClock(),
    said,
    exits,
    onSignal(signal, listener) {
      signals[signal].add(listener);
      return () => void signals[signal].delete(listener);
    },
    onUncaught(listener) {
      uncaught.add(listener);
      return () => void uncaught.delete(listener);
    },
    say: (line) => void said.push(line),
    exit: (code) => void exits.push(code),
    signal: (signal) => signals[signal].forEach((listener) => listener()),
    uncaught: (error) => uncaught.forEach((listener) => listener(error)),
    listeners: () => signals.SIGTERM.size + signals.SIGINT.size + uncaught.size,
  };
}
