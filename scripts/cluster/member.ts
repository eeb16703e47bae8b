/** One process of the cluster, whatever it is. */
export type MemberState = 'starting' | 'ready' | 'stopping' | 'stopped' | 'died';

export interface Member {
  /** `gateway-1`, `redis`: what people type. */
  readonly name: string;
  readonly kind: 'server' | 'node' | 'joined';
  readonly state: MemberState;
  /** While it runs. */
  readonly pid: number | undefined;
  /** Where it listens, in words. */
  readonly address: string;
  readonly logFile: string;
  /** How it ended, while it does not run. */
  readonly note: string;
  /** Resolves once it is ready. Rejects with one line when it ends first, or is not ready in time. */
  start(): Promise<void>;
  /** Ends it in order; answers how it ended. */
  stop(): Promise<string>;
}

/** What members tell the cluster. */
export interface MemberEvents {
  /** Its process is there, or gone. */
  changed(member: Member): void;
  /** It ended without having been asked to. */
  died(member: Member): void;
}

export function ending(code: number | null, signal: NodeJS.Signals | null): string {
  return signal ?? `exit ${code ?? '?'}`;
}
