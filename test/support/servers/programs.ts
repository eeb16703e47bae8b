/** Which server programs this machine has. Tests of one that is missing are skipped by name; with REQUIRE_SERVERS=1 they fail instead. */
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';

export function onPath(program: string): boolean {
  return (process.env['PATH'] ?? '').split(delimiter).some((folder) => existsSync(join(folder, program)));
}

/** A `describe` that says why it is skipped where one of the programs is missing. */
export function describeWith(programs: string[], title: string, body: () => void): void {
  const missing = programs.filter((program) => !onPath(program));
  if (missing.length === 0 || process.env['REQUIRE_SERVERS'] === '1') describe(title, body);
  else describe.skip(`${title} (skipped: ${missing.join(', ')} not on this machine)`, body);
}
