/**
 * A way to a server that can go bad, on 127.0.0.1. Redis connections are known by the name they give themselves
 * (CLIENT SETNAME), so that one of a node's connections can fail while the others are fine: pass a part of the name.
 *
 * - `pause`: nothing comes through, and nothing is lost: it arrives after `pass` (a network that drops packets for a while).
 * - `blackhole`: bytes vanish without a sign, in both directions, or only the answers (`back`). A connection that lost bytes never works again, also
 *   after `pass`; new ones do (a half-open connection).
 * - `refuse`: existing connections are reset, new ones are closed at once (named: as soon as they say their name).
 * - `reset`: existing connections are reset; new ones work.
 */
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { atEnd } from './at-end.ts';

export interface TcpProxy {
  readonly port: number;
  /** The same address, through the proxy. */
  url(direct: string): string;
  pause(name?: string): void;
  blackhole(name?: string, direction?: 'both' | 'back'): void;
  refuse(name?: string): void;
  reset(name?: string): void;
  /** Ends pause, blackhole and refusal. */
  pass(): void;
  /** Open connections. */
  count(): number;
  close(): Promise<void>;
}

interface Pair {
  near: Socket;
  far: Socket;
  name: string;
  /** It lost bytes. */
  dead: boolean;
}
type Fault = { kind: 'pass' | 'pause' | 'blackhole' | 'refuse'; name: string; direction?: 'both' | 'back' };

const SETNAME = /setname\r\n\$\d+\r\n([^\r\n]+)/i;
const open = new Set<TcpProxy>();
atEnd(async () => {
  for (const proxy of open) await proxy.close();
});

export async function tcpProxy(targetPort: number): Promise<TcpProxy> {
  const pairs = new Set<Pair>();
  let fault: Fault = { kind: 'pass', name: '' };

  const reset = (pair: Pair): void => {
    pairs.delete(pair);
    pair.near.resetAndDestroy();
    pair.far.destroy();
  };
  const hit = (pair: Pair): boolean => pair.name.includes(fault.name);
  const flow = (pair: Pair): void => {
    const stopped = fault.kind === 'pause' && hit(pair);
    for (const side of [pair.near, pair.far]) if (stopped) side.pause(); else side.resume();
    if (fault.kind === 'refuse' && hit(pair)) reset(pair);
  };
  const carry = (pair: Pair, data: Buffer, to: Socket): void => {
    if (to === pair.far && pair.name === '') {
      pair.name = SETNAME.exec(data.toString('latin1'))?.[1] ?? '';
      if (pair.name !== '') flow(pair);
    }
    const lost = fault.kind === 'blackhole' && hit(pair) && (fault.direction !== 'back' || to === pair.near);
    if (lost) pair.dead = true;
    if (!lost && (!pair.dead || (fault.direction === 'back' && to === pair.far))) to.write(data);
  };

  const server = createServer((near) => {
    const pair: Pair = { near, far: connect(targetPort, '127.0.0.1'), name: '', dead: false };
    pairs.add(pair);
    for (const [from, to] of [[near, pair.far], [pair.far, near]] as const) {
      from.setNoDelay(true);
      from.on('data', (data: Buffer) => carry(pair, data, to));
      from.on('error', () => {});
      from.on('close', () => {
        // A dead one tells nobody of its end, but for the server's side, which is no part of the play.
        if (from === near || !pair.dead) to.destroy();
        if (from === near || !pair.dead) pairs.delete(pair);
      });
    }
    flow(pair);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));

  const set = (kind: Fault['kind'], name = '', direction: Fault['direction'] = 'both'): void => {
    fault = { kind, name, direction };
    for (const pair of [...pairs]) flow(pair);
  };
  const { port } = server.address() as AddressInfo;
  const proxy: TcpProxy = {
    port,
    url: (direct) => Object.assign(new URL(direct), { port: String(port) }).href,
    pause: (name) => set('pause', name),
    blackhole: (name, direction) => set('blackhole', name, direction),
    refuse: (name) => set('refuse', name),
    reset: (name = '') => [...pairs].filter((pair) => pair.name.includes(name)).forEach(reset),
    pass: () => set('pass'),
    count: () => pairs.size,
    async close() {
      open.delete(proxy);
      for (const pair of [...pairs]) reset(pair);
      await new Promise((resolve) => server.close(resolve));
    },
  };
  open.add(proxy);
  return proxy;
}
