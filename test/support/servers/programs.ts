/** Which server programs this machine has. Tests of one that is missing are skipped by name; with REQUIRE_SERVERS=1 they fail instead. */
import { missingForKafka } from '../../../scripts/servers/kafka.ts';
import { missingForMongo } from '../../../scripts/servers/mongo.ts';
import { missingPrograms } from '../../../scripts/servers/server-cache.ts';

/** Servers that are built from a recipe: what is missing to have them. */
const built: Record<string, () => string[]> = { kafka: missingForKafka, mongo: missingForMongo };

export function onPath(program: string): boolean {
  return missingPrograms([program]).length === 0;
}

/** A `describe` that says why it is skipped where one of the programs is missing. `kafka` and `mongo` are programs too. */
export function describeWith(programs: string[], title: string, body: () => void): void {
  const missing = programs.flatMap((program) => built[program]?.() ?? missingPrograms([program]));
  if (missing.length === 0 || process.env['REQUIRE_SERVERS'] === '1') describe(title, body);
  else describe.skip(`${title} (skipped: ${missing.join(', ')} not on this machine)`, body);
}
