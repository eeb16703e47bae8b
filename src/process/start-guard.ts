/**
 * Ends the process with one line when it cannot start for a reason its operator can mend. Moleculer's runner would
 * print the error with its stack, and the broker would log it once more before that.
 */
import type { Middleware, Service, ServiceSchema } from 'moleculer';
import { startProblems } from './failures.ts';
import type { Host } from './host.ts';

/** Says what is wrong and exits 1. An error of any other kind is thrown on. */
export function failStart(error: unknown, host: Host): void {
  const problems = startProblems(error);
  if (problems === null) throw error;
  for (const problem of problems) host.say(problem);
  host.exit(1);
}

type Started = (this: Service) => unknown;

function startedOf(schema: ServiceSchema): Started[] {
  const { started } = schema as { started?: Started | Started[] };
  if (started === undefined) return [];
  return Array.isArray(started) ? started : [started];
}

/** Guards `started` of every service of a broker that is starting; a service that is loaded again later is not. */
export function startGuard(host: Host): Middleware {
  return {
    name: 'StartGuard',
    serviceCreating(service: Service, schema: ServiceSchema) {
      if (service.broker.started) return;
      schema.started = startedOf(schema).map((started) => async function guarded(this: Service): Promise<void> {
        try {
          await started.call(this);
        } catch (error) {
          failStart(error, host);
          // The process is gone by now; where it is not (tests), the broker must not go on.
          throw error;
        }
      });
    },
  };
}
