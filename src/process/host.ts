/** What the code about starting and stopping needs of the operating system's process; injected, so that tests can watch. */
import { systemClock, type Clock } from '../clock.ts';
import { tellOperator } from '../operator-line.ts';

export type StopSignal = 'SIGTERM' | 'SIGINT';

export interface Host {
  readonly clock: Clock;
  onSignal(signal: StopSignal, listener: () => void): () => void;
  /** Errors nobody caught, rejected promises included. */
  onUncaught(listener: (error: unknown) => void): () => void;
  /** One line on stderr, beginning with the product's name. */
  say(line: string): void;
  exit(code: number): void;
}

export const processHost: Host = {
  clock: systemClock,
  onSignal(signal, listener) {
    process.on(signal, listener);
    return () => process.off(signal, listener);
  },
  onUncaught(listener) {
    // Node hands rejected promises to this event too.
    process.on('uncaughtException', listener);
    return () => process.off('uncaughtException', listener);
  },
  say: tellOperator,
  exit: (code) => process.exit(code),
};
