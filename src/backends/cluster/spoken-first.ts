/** What a Redis says before it is asked anything: one in protected mode does, and hangs up. The client's library tells nobody. */
import { connect } from 'node:net';

const LISTEN_MS = 500;
const MOST_CHARS = 200;

/** Resolves with its first words, '' when it has none. Never rejects. */
export function spokenFirst(url: string): Promise<string> {
  const { protocol, hostname, port } = new URL(url);
  // Under TLS it would have to be asked.
  if (protocol !== 'redis:') return Promise.resolve('');
  const socket = connect({ host: hostname.replaceAll(/[[\]]/g, ''), port: Number(port || 6379), timeout: LISTEN_MS });
  return new Promise((resolve) => {
    let said = '';
    socket.on('data', (data) => {
      said += data.toString();
      if (said.length >= MOST_CHARS) socket.destroy();
    });
    socket.on('timeout', () => socket.destroy());
    // What broke shows in what was said.
    socket.on('error', () => {});
    socket.on('close', () => resolve(said.slice(0, MOST_CHARS)));
  });
}
