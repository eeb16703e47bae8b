/**
 * One socket, from its first try to its end; it never reconnects. After `down`, told exactly once, or `close()`,
 * nothing more is told, and every request that waits ends as `offline`.
 */
import { io, type Socket } from 'socket.io-client';
import { isErrorCode, wireError, type WireError } from '../../../src/protocol/errors.ts';
import { PROTOCOL_VERSION } from '../../../src/protocol/limits.ts';
import { errorSchema, type ClientEvent, type ClientEventName } from '../../../src/protocol/wire.ts';
import type { Clock } from './environment.ts';
import { readFrame, type Frame } from './frames.ts';
import { readAck, type ClientReplies } from './replies.ts';
import { failed, localError, type Result } from './result.ts';

/** Longest time from the first byte to an accepted handshake. */
const CONNECT_LIMIT_MS = 10_000;

/** `refused`: the server said why. `lost`: anything else; `error` when the server announced it. */
export type Down = { kind: 'refused'; error: WireError } | { kind: 'lost'; error: WireError | null };

export interface LinkListener {
  up(): void;
  frame(frame: Frame): void;
  down(why: Down): void;
}

/** null: nobody refused, the server was not reached. */
function readRefusal(error: Error & { data?: unknown }): WireError | null {
  const whole = errorSchema.safeParse(error.data);
  if (whole.success) return whole.data;
  const code = (error.data as { code?: unknown } | undefined)?.code;
  return isErrorCode(code) ? wireError(code, error.message) : null;
}

export class SocketLink {
  private readonly socket: Socket;
  private readonly clock: Clock;
  private readonly listener: LinkListener;
  private readonly waiting = new Set<() => void>();
  private readonly stopConnectLimit: () => void;
  private closing: WireError | null = null;
  private ended = false;

  constructor(url: string, token: string, clock: Clock, listener: LinkListener) {
    this.clock = clock;
    this.listener = listener;
    this.socket = io(url, {
      transports: ['websocket'],
      forceNew: true,
      reconnection: false,
      auth: { token, protocol: PROTOCOL_VERSION },
    });
    this.stopConnectLimit = clock.after(CONNECT_LIMIT_MS, () => this.end({ kind: 'lost', error: null }));
    this.listen();
  }

  private listen(): void {
    this.socket.on('connect', () => {
      this.stopConnectLimit();
      this.listener.up();
    });
    this.socket.on('connect_error', (error: Error & { data?: unknown }) => {
      const refusal = readRefusal(error);
      this.end(refusal === null ? { kind: 'lost', error: null } : { kind: 'refused', error: refusal });
    });
    this.socket.on('disconnect', () => this.end({ kind: 'lost', error: this.closing }));
    this.socket.onAny((name: string, payload: unknown) => {
      const frame = readFrame(name, payload);
      if (frame === null) return;
      if (frame.kind === 'closing') this.closing = frame.error;
      this.listener.frame(frame);
    });
  }

  request<N extends ClientEventName>(name: N, payload: ClientEvent<N>, limitMs: number): Promise<Result<ClientReplies[N]>> {
    if (this.ended || !this.socket.connected) return Promise.resolve(failed(localError('offline')));
    return new Promise((resolve) => {
      const settle = (result: Result<ClientReplies[N]>): void => {
        cancelLimit();
        this.waiting.delete(giveUp);
        resolve(result);
      };
      const giveUp = (): void => settle(failed(localError('offline')));
      const cancelLimit = this.clock.after(limitMs, () => settle(failed(localError('timeout'))));
      this.waiting.add(giveUp);
      this.socket.emit(name, payload, (ack: unknown) => settle(readAck(name, ack)));
    });
  }

  close(): void {
    if (this.ended) return;
    this.ended = true;
    this.stopConnectLimit();
    this.socket.offAny();
    this.socket.removeAllListeners();
    this.socket.disconnect();
    for (const giveUp of [...this.waiting]) giveUp();
  }

  private end(why: Down): void {
    if (this.ended) return;
    this.close();
    this.listener.down(why);
  }
}
