/** The same small client for every server: join, send, hear text, stop. */
import { io, type Socket } from 'socket.io-client';

export interface Client {
  /** Sends a message; `onText` hears every piece of the answer. Resolves when the server accepted it. */
  send(content?: string): Promise<void>;
  stop(): void;
  onText: (text: string) => void;
  onEnd: () => void;
  close(): void;
}

export function connect(url: string, auth: object): Promise<Socket> {
  const socket = io(url, { transports: ['websocket'], auth, forceNew: true, reconnection: false });
  return new Promise((resolve, reject) => socket.once('connect', () => resolve(socket)).once('connect_error', reject));
}

/** One socket on the relay; without `room` it opens one of its own. */
export async function relayClient(url: string, room: string): Promise<Client & { socket: Socket }> {
  const socket = await connect(url, {});
  const client = {
    socket,
    send: (content = 'x') => socket.emitWithAck('send', room, content) as Promise<void>,
    stop: () => void socket.emit('stop', room),
    onText: (_text: string): void => {},
    onEnd: (): void => {},
    close: () => void socket.disconnect(),
  };
  socket.on('delta', ([, text]: [string, string]) => client.onText(text));
  socket.on('end', () => client.onEnd());
  await socket.emitWithAck('join', room);
  return client;
}

interface Opened {
  ok: boolean;
  session: { id: string };
  error?: object;
}

export async function guest(url: string): Promise<string> {
  const answer = await fetch(`${url}/api/auth/guest`, { method: 'POST' });
  return ((await answer.json()) as { token: string }).token;
}

/** One socket on Holdfast; the session is new unless given. */
export async function holdfastClient(url: string, token: string, sessionId?: string): Promise<Client & { sessionId: string; socket: Socket }> {
  const socket = await connect(url, { token, protocol: 1 });
  const opened = (await socket.emitWithAck('session:open', { sessionId })) as Opened;
  if (!opened.ok) throw new Error(`open refused: ${JSON.stringify(opened.error)}`);
  const { session } = opened;
  let replyId = '';
  let sent = 0;
  const client = {
    sessionId: session.id,
    socket,
    async send(content = 'x') {
      const answer = (await socket.emitWithAck('message:send', { sessionId: session.id, clientMessageId: `${socket.id}-${(sent += 1)}`, content })) as { ok: boolean; replyId: string; error?: object };
      if (!answer.ok) throw new Error(`send refused: ${JSON.stringify(answer.error)}`);
      replyId = answer.replyId;
    },
    stop: () => void socket.emit('message:cancel', { sessionId: session.id, messageId: replyId }, () => {}),
    onText: (_text: string): void => {},
    onEnd: (): void => {},
    close: () => void socket.disconnect(),
  };
  socket.on('delta', ([, , , text]: [string, string, number, string]) => client.onText(text));
  socket.on('session:events', ({ events }: { events: { type: string; text?: string }[] }) => {
    for (const event of events) {
      if (event.type === 'message.delta') client.onText(event.text ?? '');
      // Its text comes again from the start: what is counted then is not the question any more.
      else if (event.type === 'message.restarted') console.log('  note: a run was lost and its reply restarted');
      else if (['message.completed', 'message.cancelled', 'message.failed'].includes(event.type)) client.onEnd();
    }
  });
  return client;
}
