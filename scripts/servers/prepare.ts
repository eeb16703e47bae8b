/** `npm run servers`: makes ready what tests and benchmarks start on this machine. Nothing to do the second time. */
import { missingForHaproxy } from './haproxy.ts';
import { missingForKafka, provideKafka } from './kafka.ts';
import { missingForMongo, provideMongo } from './mongo.ts';
import { missingPrograms } from './server-cache.ts';

const servers = [
  { name: 'Redis', missing: () => missingPrograms(['redis-server']), provide: () => Promise.resolve() },
  { name: 'HAProxy', missing: missingForHaproxy, provide: () => Promise.resolve() },
  { name: 'MongoDB', missing: missingForMongo, provide: provideMongo },
  { name: 'Kafka', missing: missingForKafka, provide: provideKafka },
];

/** With REQUIRE_SERVERS=1 a missing program is a failure, as it is for the tests. */
let failed = false;
await Promise.all(
  servers.map(async ({ name, missing, provide }) => {
    const lacking = missing();
    if (lacking.length > 0) {
      console.log(`${name}: not here, ${lacking.join(' and ')} missing`);
      failed ||= process.env['REQUIRE_SERVERS'] === '1';
      return;
    }
    try {
      await provide();
      console.log(`${name}: ready`);
    } catch (error) {
      console.log(`${name}: ${error instanceof Error ? error.message : String(error)}`);
      failed = true;
    }
  }),
);
process.exitCode = failed ? 1 : 0;
