/** The contracts of src/backends/contracts.ts over one process's connection, as src/backends/cluster fulfils them. */
import type { AppendRequest, AppendResult, ClaimResult, EventLog, Lease, LeaseEvents, LeaseStore, LogMeta, LogSeed, OpResult, RestoreRequest, RestoreResult } from '../../src/backends/contracts.ts';
import type { Cursor, Event } from '../../src/protocol/wire.ts';
import type { Membership } from './membership.ts';
import { storeAway, type StoreConnection } from './store-connection.ts';
import type { StoreServer } from './store-server.ts';

interface Parts {
  server: StoreServer;
  connection: StoreConnection;
  membership: Membership;
  newId(length: number): string;
}

export class SimLeases implements LeaseStore {
  readonly #parts: Parts;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  async claim(sessionId: string, nodeId: string): Promise<ClaimResult> {
    const { server, connection, membership, newId } = this.#parts;
    membership.mustBeLive();
    const { token, store, patienceMs } = membership;
    const result = await connection.call(() => server.claim(store, sessionId, nodeId, token, newId(4), patienceMs));
    switch (result.status) {
      case 'claimed':
        if (membership.token !== token || !membership.live || membership.known !== store) throw storeAway();
        membership.leases.set(sessionId, { epoch: result.epoch, store });
        return { status: 'claimed', lease: { sessionId, nodeId, epoch: result.epoch } };
      case 'held':
        return result;
      case 'not-now':
        return { status: 'settling', retryAfterMs: result.ms };
      case 'not-joined':
        membership.suspect();
        throw storeAway();
      case 'no-log':
        throw new Error(`Session ${sessionId} has no log, so nobody can own it.`);
    }
  }

  async release(lease: Lease): Promise<void> {
    const { server, connection, membership } = this.#parts;
    if (membership.leases.get(lease.sessionId)?.epoch === lease.epoch) membership.leases.delete(lease.sessionId);
    await connection.call(() => server.release(lease));
  }

  async owner(sessionId: string): Promise<{ nodeId: string; epoch: number } | null> {
    const { server, connection } = this.#parts;
    return connection.call(() => server.kept(sessionId).owner);
  }

  join(nodeId: string, events: LeaseEvents): Promise<void> {
    return this.#parts.membership.join(nodeId, events);
  }

  leave(): Promise<void> {
    return this.#parts.membership.leave();
  }

  async abandoned(limit: number): Promise<string[]> {
    const { server, connection, membership } = this.#parts;
    const { store } = membership;
    return connection.call(() => server.unowned(store, limit, membership.patienceMs > 0));
  }
}

export class SimLog implements EventLog {
  readonly #parts: Parts;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  async create(seed: LogSeed): Promise<LogMeta> {
    const { server, connection, membership } = this.#parts;
    const { store } = membership;
    return connection.call(() => server.create(store, seed));
  }

  async meta(sessionId: string): Promise<LogMeta | null> {
    const { server, connection, membership } = this.#parts;
    const { store } = membership;
    return connection.call(() => server.read(store, sessionId, null)?.meta ?? null);
  }

  async read(sessionId: string, afterSeq: number): Promise<{ meta: LogMeta; events: Event[] } | null> {
    const { server, connection, membership } = this.#parts;
    const { store } = membership;
    return connection.call(() => server.read(store, sessionId, afterSeq));
  }

  async append(request: AppendRequest): Promise<AppendResult> {
    const { server, connection, membership } = this.#parts;
    membership.mustHold(request.lease);
    const { store } = membership;
    return connection.call(() => server.append(store, request));
  }

  async restore(request: RestoreRequest): Promise<RestoreResult> {
    const { server, connection, membership } = this.#parts;
    const { sessionId, epoch } = request.lease;
    membership.mustBeLive();
    if (epoch > (membership.leases.get(sessionId)?.epoch ?? 0)) return { status: 'refused' };
    const { token, store } = membership;
    const lease = await connection.call(() => server.restore(store, token, request));
    if (!lease) return { status: 'refused' };
    if (!membership.live || membership.token !== token) throw storeAway();
    membership.leases.set(sessionId, { epoch: lease.epoch, store });
    return { status: 'restored', lease };
  }

  async acknowledge(lease: Lease, storedThrough: number): Promise<boolean> {
    const { server, connection, membership } = this.#parts;
    membership.mustHold(lease);
    const { store } = membership;
    return connection.call(() => server.acknowledge(store, lease, storedThrough));
  }

  async findOp(sessionId: string, opId: string): Promise<OpResult | null> {
    const { server, connection, membership } = this.#parts;
    const { store } = membership;
    return connection.call(() => server.findOp(store, sessionId, opId));
  }

  async watchAccumulated(sessionIds: string[], until: number): Promise<Record<string, Cursor>> {
    const { server, connection } = this.#parts;
    const heads = await connection.call(() => sessionIds.map((id) => ({ id, head: server.watch(id, until) })));
    return Object.fromEntries(heads.flatMap(({ id, head }): [string, Cursor][] => (head ? [[id, head]] : [])));
  }

  async streamingAmong(sessionIds: string[]): Promise<Set<string>> {
    const { server, connection } = this.#parts;
    return connection.call(() => new Set(sessionIds.filter((id) => server.kept(id).meta?.run)));
  }

  /** The store does it by itself. */
  async expire(): Promise<void> {}
}
