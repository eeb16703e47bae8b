/** The audit tools beside a server of one process: they look while it is stopped, and say so while it runs. */
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { startHoldfast } from '../support/holdfast-process.ts';
import { guestToken, Tab } from '../support/tab.ts';

const ROOT = join(__dirname, '../..');

function tool(name: 'verify' | 'rebuild', dataDir: string, ...words: string[]): Promise<{ code: number; out: string; err: string }> {
  const env = { PATH: process.env['PATH'] ?? '', DATA_DIR: dataDir };
  return new Promise((resolve) => {
    execFile(process.execPath, [`dist/tools/audit-${name}.js`, ...words], { cwd: ROOT, env }, (error, out, err) => {
      resolve({ code: typeof error?.code === 'number' ? error.code : 0, out, err });
    });
  });
}

it('A41 the trail of the SQLite file agrees after SIGKILL too, and gives the session back byte for byte', async () => {
  const server = await startHoldfast({ DEMO_TOKENS_PER_SECOND: '500', DEMO_TOKENS: '60' });
  const tab = await new Tab(server.url, await guestToken(server.url)).connect();
  await tab.open({});
  const { replyId } = await tab.send('What is kept?');
  await tab.ended(replyId);
  expect(await tool('verify', server.dataDir, '--session', tab.sessionId)).toMatchObject({ code: 2, out: '', err: expect.stringMatching(/in use by another process/) });
  server.kill('SIGKILL');
  await server.exited;
  tab.close();
  const again = await server.restart();
  await again.stop();
  expect(await tool('verify', server.dataDir, '--session', tab.sessionId)).toMatchObject({ code: 0, out: expect.stringMatching(/2 looked at \(1 replies\): 2 agree, 0 differ, 0 on their way/) });
  const [trail, history] = [await tool('rebuild', server.dataDir, '--session', tab.sessionId), await tool('rebuild', server.dataDir, '--session', tab.sessionId, '--from', 'history')];
  expect(trail.out).toContain('What is kept?');
  expect(trail.out).toBe(history.out);
}, 60_000);
