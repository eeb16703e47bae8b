/** The owner of sessions: one actor per session, at most one owner anywhere. */
import type { Context, Service, ServiceSchema, ServiceSettingSchema } from 'moleculer';
import { systemClock } from '../src/clock.ts';
import { heardByNode } from '../src/heard-by-node.ts';
import { randomId } from '../src/ids.ts';
import { nodeOf } from '../src/node-context.ts';
import type { ActionInput, ActionName, ActionResults } from '../src/protocol/broker.ts';
import { brokerPorts } from '../src/session-owner/broker-ports.ts';
import { atOwner, type HopMeta } from '../src/session-owner/forward.ts';
import { addOwnerMetrics, countAppends, countClaims, createOwnerCounts } from '../src/session-owner/owner-metrics.ts';
import { OwnerNode } from '../src/session-owner/owner-node.ts';
import type { Peers } from '../src/session-owner/surely-gone.ts';
import { paramsOf } from '../src/zod-validator.ts';

interface Vars {
  owner: OwnerNode;
  leaving: Promise<void> | undefined;
  peers: Peers;
}
type OwnerThis = Service & Vars;
type OwnerAction = Extract<ActionName, `session-owner.${string}`>;
type Run<N extends OwnerAction> = (owner: OwnerNode, params: ActionInput<N>) => Promise<ActionResults[N]> | ActionResults[N];

/** Once: the node's shutdown asks before the broker does. */
function leave(self: OwnerThis): Promise<void> {
  self.leaving ??= self.owner.stop();
  return self.leaving;
}

/** Answered by any node. */
function anywhere<N extends OwnerAction>(name: N, run: Run<N>) {
  return {
    visibility: 'public' as const,
    params: paramsOf(name),
    handler(this: OwnerThis, ctx: Context<ActionInput<N>>) {
      return run(this.owner, ctx.params);
    },
  };
}

/** Answered here, or one hop away when it takes the session's owner: always for a command, seldom for a read. */
function hereOrAtOwner<N extends OwnerAction>(name: N, run: Run<N>) {
  return {
    visibility: 'public' as const,
    params: paramsOf(name),
    handler(this: OwnerThis, ctx: Context<ActionInput<N>, HopMeta>) {
      return atOwner(ctx, name, this.peers, async () => run(this.owner, ctx.params));
    },
  };
}

const service: ServiceSchema<ServiceSettingSchema, object, Vars> = {
  name: 'session-owner',
  actions: {
    open: hereOrAtOwner('session-owner.open', (owner, params) => owner.reads.open(params)),
    watch: anywhere('session-owner.watch', (owner, params) => owner.reads.watch(params.sessionIds)),
    history: hereOrAtOwner('session-owner.history', (owner, params) => owner.reads.history(params)),
    session: anywhere('session-owner.session', (owner, params) => owner.reads.session(params)),
    list: anywhere('session-owner.list', (owner, params) => owner.reads.list(params)),
    search: anywhere('session-owner.search', (owner, params) => owner.reads.search(params)),
    send: hereOrAtOwner('session-owner.send', (owner, params) => owner.commands.send(params)),
    regenerate: hereOrAtOwner('session-owner.regenerate', (owner, params) => owner.versions.regenerate(params)),
    continue: hereOrAtOwner('session-owner.continue', (owner, params) => owner.versions.continue(params)),
    edit: hereOrAtOwner('session-owner.edit', (owner, params) => owner.versions.edit(params)),
    select: hereOrAtOwner('session-owner.select', (owner, params) => owner.versions.select(params)),
    versions: hereOrAtOwner('session-owner.versions', (owner, params) => owner.reads.versions(params)),
    cancel: hereOrAtOwner('session-owner.cancel', (owner, params) => owner.commands.cancel(params)),
    feedback: hereOrAtOwner('session-owner.feedback', (owner, params) => owner.commands.feedback(params)),
    rename: hereOrAtOwner('session-owner.rename', (owner, params) => owner.commands.rename(params)),
    configure: hereOrAtOwner('session-owner.configure', (owner, params) => owner.commands.configure(params)),
    pin: hereOrAtOwner('session-owner.pin', (owner, params) => owner.commands.pin(params)),
    share: hereOrAtOwner('session-owner.share', (owner, params) => owner.shares.share(params)),
    unshare: hereOrAtOwner('session-owner.unshare', (owner, params) => owner.shares.unshare(params)),
    shared: anywhere('session-owner.shared', (owner, params) => owner.shares.shared(params)),
    delete: hereOrAtOwner('session-owner.delete', (owner, params) => owner.commands.delete(params)),
    inspect: anywhere('session-owner.inspect', (owner, params) => owner.directory.view(params.sessionId)),
    lock: anywhere('session-owner.lock', (owner, params) => owner.operator.lock(params.sessionId)),
    release: anywhere('session-owner.release', (owner, params) => owner.operator.release(params)),
  },
  // Only the node that owns a run may hear its text.
  ...heardByNode<OwnerThis, 'ai.chunks'>('session-owner', 'ai.chunks', (self, payload) => self.owner.takeChunks(payload)),
  events: {
    'node.handover'(this: OwnerThis) {
      return leave(this);
    },
  },
  created(this: OwnerThis) {
    const { broker, logger } = this;
    const { config, backends } = nodeOf(broker);
    this.peers = { presence: backends.presence, clock: systemClock };
    const counts = createOwnerCounts();
    this.owner = new OwnerNode({
      ...this.peers,
      nodeId: broker.nodeID,
      settings: config,
      log: countAppends(backends.log, counts),
      leases: countClaims(backends.leases, counts),
      files: backends.files,
      outbox: backends.outbox,
      ports: brokerPorts(broker, logger, this.peers),
      random: Math.random,
      newId: randomId,
    });
    addOwnerMetrics(broker, this.owner.directory, counts);
  },
  started(this: OwnerThis) {
    return this.owner.start();
  },
  stopped(this: OwnerThis) {
    return leave(this);
  },
};

export default service;
