/** Ports for members, below the range from which systems take ports of outgoing connections: those would collide. */
import { createServer } from 'node:net';

const FIRST = 21_000;
const LAST = 30_000;

export function isFree(port: number, host = '127.0.0.1'): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, host, () => server.close(() => resolve(true)));
  });
}

/** Hands out free ports, each once. The same ones after every start, as long as they are free. */
export class FreePorts {
  #next: number;

  constructor(from = FIRST) {
    this.#next = from;
  }

  async take(): Promise<number> {
    while (this.#next <= LAST) {
      const port = this.#next++;
      if (await isFree(port)) return port;
    }
    throw new Error(`no free port between ${FIRST} and ${LAST}`);
  }
}
