/**
 * Zod schemas as Moleculer params. A bare schema would be deep-cloned and sent around in INFO packets, so `shape`
 * hides it behind a function.
 */
import moleculer from 'moleculer';
import type { z } from 'zod';
import { actions, events, type ActionName, type EventName } from './protocol/broker.ts';

// A type and no interface: Moleculer's own type of params has an index signature.
type ZodParams = { $zod: () => z.ZodType };

function shape(schema: z.ZodType): ZodParams {
  return { $zod: () => schema };
}
/** `params:` of a service's action. */
export const paramsOf = (action: ActionName): ZodParams => shape(actions[action]);
/** `params:` of a service's event. */
export const payloadOf = (event: EventName): ZodParams => shape(events[event]);

type Problems = { type: string; message: string; field: string }[];
type Check = (params: object, opts?: { meta?: { params?: unknown } }) => true | Problems;

export class ZodValidator extends moleculer.Validators.Fastest {
  override compile(schema: object): never {
    if (!('$zod' in schema)) return super.compile(schema) as never;
    const zod = (schema as ZodParams).$zod();
    const check: Check = (params, opts) => {
      const result = zod.safeParse(params);
      if (result.success) {
        if (opts?.meta) opts.meta.params = result.data;
        return true;
      }
      return result.error.issues.map((issue) => ({
        type: issue.code,
        field: issue.path.join('.'),
        message: issue.path.length > 0 ? `${issue.path.join('.')}: ${issue.message}` : issue.message,
      }));
    };
    return check as never;
  }
}
