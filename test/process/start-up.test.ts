/** The start and the end of the real process. */
import { createServer, type AddressInfo } from 'node:net';
import { mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { runHoldfast, startHoldfast, temporaryFolder, type Env } from '../support/holdfast-process.ts';

// Each test starts up to three processes, and a busy machine takes its time.
jest.setTimeout(60_000);

/** The one line it ended with; a stack or a second line fails here. */
async function refusal(env: Env): Promise<string> {
  const { code, signal, stderr, stdout } = await runHoldfast(env);
  expect({ code, signal, stderr }).toEqual({ code: 1, signal: null, stderr: [expect.stringMatching(/^holdfast: /)] });
  expect([...stderr, ...stdout].filter((line) => /^\s+at /.test(line) || line.includes('\\n    at '))).toEqual([]);
  return stderr[0] ?? '';
}

describe('N8 a node that cannot start says why in one line', () => {
  test('N8 a bad setting', async () => {
    expect(await refusal({ PORT: 'http' })).toMatch(/^holdfast: PORT: .*"http"/);
  });

  test('N8 an unknown service', async () => {
    expect(await refusal({ SERVICES: 'gateway,billing' })).toMatch(/^holdfast: SERVICES: there is no service "billing"/);
  });

  test('N8 a port that is taken', async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    try {
      const line = await refusal({ PORT: String(port) });
      expect(line).toContain(String(port));
      expect(line).toContain('in use');
    } finally {
      server.close();
    }
  });

  test('N8 a DATA_DIR below a regular file', async () => {
    const file = join(temporaryFolder(), 'file');
    writeFileSync(file, '');
    expect(await refusal({ DATA_DIR: join(file, 'data') })).toContain(file);
  });

  test('N8 a corrupt store, which stays as it is', async () => {
    const first = await startHoldfast();
    await first.stop();
    const path = join(first.dataDir, 'holdfast.db');
    const bytes = readFileSync(path);
    bytes.fill(0x5a, 0, Math.min(bytes.length, 8_192));
    writeFileSync(path, bytes);
    const before = readdirSync(first.dataDir);
    expect(await refusal({ DATA_DIR: first.dataDir })).toContain(path);
    expect(readFileSync(path).equals(bytes)).toBe(true);
    expect(readdirSync(first.dataDir)).toEqual(before);
  });

  test('N8 a second process on the same DATA_DIR; the first goes on', async () => {
    const dataDir = join(temporaryFolder(), 'shared');
    mkdirSync(dataDir);
    const first = await startHoldfast({ DATA_DIR: dataDir });
    expect(await refusal({ DATA_DIR: dataDir })).toContain(dataDir);
    expect((await fetch(`${first.url}/health`)).status).toBe(200);
    expect(await first.stop()).toEqual({ code: 0, signal: null });
  });
});

describe('a node that runs', () => {
  test.each(['SIGTERM', 'SIGINT'] as const)('N4 %s ends it with exit 0 and no word on stderr', async (signal) => {
    const node = await startHoldfast();
    node.kill(signal);
    expect(await node.exited).toEqual({ code: 0, signal: null });
    expect(node.stderr).toEqual([]);
  });

  test('SERVICES by name starts them from the build', async () => {
    const node = await startHoldfast({ SERVICES: 'gateway,session-owner,ai,history,audit' });
    expect(await node.stop()).toEqual({ code: 0, signal: null });
  });

  test('N13 after SIGKILL it starts again at once on the same store and port', async () => {
    const node = await startHoldfast();
    node.kill('SIGKILL');
    expect(await node.exited).toEqual({ code: null, signal: 'SIGKILL' });
    const again = await node.restart();
    expect(again.port).toBe(node.port);
    expect((await fetch(`${again.url}/ready`)).status).toBe(200);
    await again.stop();
  });
});
