import type { Context } from 'moleculer';
import type { Presence } from '../../../src/backends/contracts.ts';
import { chatError } from '../../../src/errors.ts';
import type { ActionInput } from '../../../src/protocol/broker.ts';
import { HeldElsewhere } from '../../../src/session-owner/directory.ts';
import { atOwner, type HopMeta } from '../../../src/session-owner/forward.ts';
import { settle, virtualClock, type VirtualClock } from '../../support/virtual-clock.ts';

type Ctx = Context<ActionInput<'session-owner.delete'>, HopMeta>;
const clock: VirtualClock = virtualClock();
const gone = new Set<string>();
let watchers: ((nodeId: string) => void)[] = [];
const presence: Presence = {
  isGone: async (nodeId) => gone.has(nodeId),
  onGone: (listener) => {
    watchers.push(listener);
    return () => void (watchers = watchers.filter((other) => other !== listener));
  },
};
let calls: [string, object, object][] = [];

beforeEach(() => {
  gone.clear();
  watchers = [];
  calls = [];
});

/** `answer`: what the holder does. `claims`: what this node's tries give, one after the other. */
function forwarded(answer: () => Promise<unknown>, claims: (Error | null)[], meta: HopMeta = {}) {
  const call = (action: string, params: object, options: object) => (calls.push([action, params, options]), answer());
  const ctx = { params: { userId: 'u1', sessionId: 's' }, meta, call } as object as Ctx;
  const here = async (): Promise<void> => {
    const claim = claims.shift();
    if (claim) throw claim;
  };
  return atOwner(ctx, 'session-owner.delete', { presence, clock }, here);
}
const held = () => new HeldElsewhere('n2');
const failure = (type: string) => Object.assign(new Error(type), { type });
const unavailable = { type: 'unavailable', retryable: true };
const never = () => new Promise<never>(() => {});

it('O60 a command goes to the holder, with a limit of its own and one hop at most', async () => {
  await forwarded(() => Promise.resolve(), [held()]);
  expect(calls).toEqual([['session-owner.delete', { userId: 'u1', sessionId: 's' }, { nodeID: 'n2', timeout: 3_000, meta: { forwarded: true } }]]);
  await expect(forwarded(never, [held()], { forwarded: true })).rejects.toMatchObject(unavailable);
  expect(calls).toHaveLength(1);
  expect(watchers).toEqual([]);
  expect(clock.pending()).toBe(0);
});

it('O60 what the holder answers is passed on as it is', async () => {
  await expect(forwarded(() => Promise.reject(chatError('session-busy', 'busy')), [held()])).rejects.toMatchObject({ type: 'session-busy' });
});

it.each(['SERVICE_NOT_FOUND', 'SERVICE_NOT_AVAILABLE', 'REQUEST_TIMEOUT', 'REQUEST_SKIPPED', 'REQUEST_REJECTED', 'GRACEFUL_STOP_TIMEOUT'])('O61 %s of a holder that is there is refused, retryable', async (type) => {
  await expect(forwarded(() => Promise.reject(failure(type)), [held()])).rejects.toMatchObject(unavailable);
});

it.each(['SERVICE_NOT_FOUND', 'REQUEST_REJECTED'])('O61 %s of a holder that is gone: the session is claimed here', async (type) => {
  gone.add('n2');
  await forwarded(() => Promise.reject(failure(type)), [held(), null]);
  await expect(forwarded(() => Promise.reject(failure(type)), [held(), new HeldElsewhere('n3')])).rejects.toMatchObject(unavailable);
  await expect(forwarded(() => Promise.reject(failure(type)), [held(), chatError('session-busy', 'busy')])).rejects.toMatchObject({ type: 'session-busy' });
});

it('O61 a holder that dies while it is asked is not waited for', async () => {
  const answered = forwarded(never, [held(), null]);
  await settle();
  for (const watcher of watchers) watcher('n2');
  await answered;
  expect(watchers).toEqual([]);
});

it('O61 a holder that had died before is found out by a question', async () => {
  gone.add('n2');
  const answered = forwarded(never, [held(), null]);
  await clock.advance(250);
  await answered;
});

it('O61 the session is claimed as soon as the lease store has heard of the death too', async () => {
  gone.add('n2');
  const waited = forwarded(() => Promise.reject(failure('REQUEST_REJECTED')), [held(), held(), held(), null]);
  await clock.advance(200);
  await waited;
  const forever = expect(forwarded(() => Promise.reject(failure('REQUEST_REJECTED')), Array.from({ length: 20 }, held))).rejects.toMatchObject(unavailable);
  await clock.advance(1_000);
  await forever;
});

it('O61 presence that cannot tell changes nothing', async () => {
  const { isGone } = presence;
  presence.isGone = () => Promise.reject(new Error('no Redis'));
  await expect(forwarded(() => Promise.reject(failure('REQUEST_TIMEOUT')), [held()])).rejects.toMatchObject(unavailable);
  presence.isGone = isGone;
});
