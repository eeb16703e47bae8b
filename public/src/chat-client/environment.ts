/** What the client needs from the page it runs in. A browser's is in browser-environment.ts; tests bring their own. */

export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number;
  /** Runs `task` once after `ms`; the returned function cancels it. */
  after(ms: number, task: () => void): () => void;
}

/** It never throws: what cannot be kept is forgotten with the page. */
export interface KeyValueStorage {
  get(key: string): string | null;
  set(key: string, value: string): void;
  remove(key: string): void;
  /** Every key; where it is missing, only what is asked for by its name is found again. */
  keys?(): string[];
  /** False: something in it is forgotten with the page. */
  readonly lasting?: boolean;
}

/** This tab among the others of its origin. */
export interface TabIdentity {
  /** The same after a reload. */
  readonly id: string;
  isAlive(id: string): Promise<boolean>;
}

/** Why the page may have missed something: the network is back, it is looked at again, was restored, or slept. */
export type WakeReason = 'network' | 'visible' | 'restored' | 'slept';

export interface UploadRequest {
  method: string;
  headers: Record<string, string>;
  body: Blob;
  signal: AbortSignal;
}

export interface Environment {
  readonly clock: Clock;
  /** 0 <= n < 1 */
  random(): number;
  /** A new id that no other client makes (a UUID). */
  newId(): string;
  readonly fetch: typeof fetch;
  /** As `fetch`, telling how much of the body is sent (0 to 1); where it is missing, `fetch` says nothing of that. */
  upload?(url: string, request: UploadRequest, progress: (sent: number) => void): Promise<Response>;
  /** Shared by all tabs of the page's origin. */
  readonly storage: KeyValueStorage;
  /** Where it is missing, there are no other tabs. */
  readonly tab?: TabIdentity;
  /** Tells the key that another tab wrote or removed, null when all went; the returned function ends it. */
  onStored?(listener: (key: string | null) => void): () => void;
  /** Runs `task` while no other tab runs one of the same name, where the browser can promise that. */
  exclusively<T>(name: string, task: () => Promise<T>): Promise<T>;
  /** Tells when the page may have been away; the returned function ends it. */
  onWake(listener: (reason: WakeReason) => void): () => void;
}
