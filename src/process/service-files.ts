/** Which services this process runs: `SERVICES` as names, turned into the files moleculer-runner can find. */
import { fileURLToPath } from 'node:url';
import { StartError } from '../start-error.ts';

export const SERVICE_NAMES = ['gateway', 'session-owner', 'ai', 'history', 'audit'];

/** The name in `gateway`, `gateway.service`, `/any/where/gateway.service.js`. */
function nameIn(entry: string): string {
  const file = entry.split(/[\\/]/).at(-1) ?? entry;
  return file.replace(/([.]service)?([.][jt]s)?$/, '');
}

/**
 * `SERVICES` with full paths, or undefined when it is not set (the runner then takes all). The services lie beside the
 * file at `configUrl` and have its ending, so that source and build each find their own.
 * Throws StartError on a name that does not exist, and in embedded mode on one that is missing.
 */
export function servicePaths(services: string | undefined, mode: 'embedded' | 'cluster', configUrl: string): string | undefined {
  if (services === undefined || services.trim() === '') return undefined;
  const names = [...new Set(services.split(',').map((part) => part.trim()).filter((part) => part !== '').map(nameIn))];
  const unknown = names.filter((name) => !SERVICE_NAMES.includes(name));
  if (unknown.length > 0) throw new StartError(`SERVICES: there is no service "${unknown.join('", "')}"; there are ${SERVICE_NAMES.join(', ')}`);
  const missing = SERVICE_NAMES.filter((name) => !names.includes(name));
  if (mode === 'embedded' && missing.length > 0) {
    throw new StartError(`SERVICES: without REDIS_URL one process runs all services, and ${missing.join(', ')} would be missing; unset SERVICES`);
  }
  const ending = configUrl.slice(configUrl.lastIndexOf('.'));
  return names.map((name) => fileURLToPath(new URL(`services/${name}.service${ending}`, configUrl))).join(',');
}
