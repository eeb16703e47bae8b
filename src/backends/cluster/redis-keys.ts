/** Every key of the product in Redis. What scripts must spell themselves is in lua/include/keys.lua. */

export const keys = {
  /** Set of the nodes that joined. */
  nodes: 'nodes',
  /** Sorted sets of sessions by the moment (epoch microseconds) since which history lacks something of them; the second: those that nobody owns. */
  unsaved: 'unsaved',
  unowned: 'unowned',
  /** Random; a new one whenever the store may have lost writes. */
  store: 'store:id',
  /** The Redis process seen last. */
  run: 'store:run',
  /** There while only those who remember a session may write it. */
  settling: 'store:settling',
  /** Streams, and a hash of counters: `next`, `entries`, `bytes`, `shed`. */
  outbox: 'audit:outbox',
  outboxDeltas: 'audit:outbox:deltas',
  outboxStats: 'audit:stats',
  /** There for a moment only. */
  health: 'health',
} as const;

export interface SessionKeys {
  /** `<nodeId>/<epoch>`. */
  owner: string;
  /** Hash; see log-meta.ts. */
  meta: string;
  /** Stream, one entry per event: id `<seq>-0`, field `e`. */
  log: string;
  /** Hash: operation id to result. */
  ops: string;
}

export function sessionKeys(sessionId: string): SessionKeys {
  const part = (name: string): string => `session:{${sessionId}}:${name}`;
  return { owner: part('owner'), meta: part('meta'), log: part('log'), ops: part('ops') };
}

/** `alive`: token of its join, with a short life. `sessions`: set of what it owns. */
export function nodeKeys(nodeId: string): { alive: string; sessions: string } {
  return { alive: `node:${nodeId}:alive`, sessions: `node:${nodeId}:sessions` };
}

export const secretKey = (name: string): string => `secret:${name}`;

export const quotaKey = (key: string, points: number, windowMs: number): string => `quota:${points}/${windowMs}:${key}`;
