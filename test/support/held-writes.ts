/**
 * A way to Redis, on 127.0.0.1, on which the commands of one kind of connection (by its name) can be held back. They
 * arrive once they are released, whatever happened meanwhile, and also when who sent them is stopped by then.
 */
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';

export interface HeldWrites {
  /** The same address, by this way. */
  url(direct: string): string;
  hold(name: string): void;
  /** What waits. */
  held(): string;
  release(): void;
}

interface Line {
  far: Socket;
  name: string;
  waiting: Buffer[];
}

const SETNAME = /setname\r\n\$\d+\r\n([^\r\n]+)/i;
const ends: (() => void)[] = [];
afterAll(() => {
  for (const end of ends.splice(0)) end();
});

export async function heldWrites(targetPort: number): Promise<HeldWrites> {
  const lines = new Set<Line>();
  let holding: string | null = null;
  const server = createServer((near) => {
    const line: Line = { far: connect(targetPort, '127.0.0.1'), name: '', waiting: [] };
    lines.add(line);
    near.setNoDelay(true).on('data', (data: Buffer) => {
      line.name ||= SETNAME.exec(data.toString('latin1'))?.[1] ?? '';
      if (line.name === holding) line.waiting.push(data);
      else line.far.write(data);
    });
    line.far.setNoDelay(true).on('data', (data: Buffer) => near.write(data)).on('error', () => {}).on('close', () => near.destroy());
    // What waits still arrives.
    near.on('error', () => {}).on('close', () => line.waiting.length === 0 && line.far.destroy());
    ends.push(() => [near, line.far].forEach((socket) => socket.destroy()));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  ends.push(() => server.close());
  const { port } = server.address() as AddressInfo;
  return {
    url: (direct) => Object.assign(new URL(direct), { port: String(port) }).href,
    hold: (name) => (holding = name),
    held: () => Buffer.concat([...lines].flatMap(({ waiting }) => waiting)).toString(),
    release() {
      holding = null;
      for (const { far, waiting } of lines) for (const data of waiting.splice(0)) far.write(data);
    },
  };
}
