/** Probe nodes in processes of their own. Those still there when the test file ends are killed by their pid. */
import { runChild, type Child } from './run-child.ts';
import { until } from './until.ts';

const children = new Set<Child>();
afterAll(async () => {
  for (const child of children) {
    child.process.kill('SIGKILL');
    await child.ended;
  }
});

export async function startProbeProcess(url: string, name: string): Promise<{ child: Child; id: string }> {
  const child = runChild(require.resolve('./probe-child.ts'), [url, name]);
  children.add(child);
  await until(`${name} is there`, () => child.lines.length > 0 || child.process.exitCode !== null, 20_000);
  return { child, id: child.lines[0] ?? child.errors() };
}
