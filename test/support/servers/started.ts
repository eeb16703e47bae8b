/** Servers a test file started: they end with the file, and so do their folders. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { LocalServer } from '../../../scripts/servers/local-server.ts';

const servers: LocalServer[] = [];
const folders = new Set<string>();

afterAll(async () => {
  for (const server of servers.splice(0)) {
    server.kill('SIGKILL');
    await server.exited;
  }
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

/** A new folder that goes with the file. */
export function serverFolder(name: string): string {
  const folder = mkdtempSync(join(tmpdir(), `holdfast-${name}-`));
  folders.add(folder);
  return folder;
}

export async function untilFileEnds(starting: Promise<LocalServer>): Promise<LocalServer> {
  const server = await starting;
  servers.push(server);
  return server;
}

/** Building a server the first time takes minutes; `npm run servers` does it before. */
export function allowBuilding(isReady: boolean): void {
  if (!isReady) jest.setTimeout(600_000);
}
