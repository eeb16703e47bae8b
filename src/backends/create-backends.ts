/** The one switch between the two modes. */
import type { Config } from '../config.ts';
import type { Backends } from './contracts.ts';
import { openEmbedded } from './embedded/embedded-backends.ts';

/** Opens the stores of the configured mode. Throws StartError when this node cannot start with them. */
export async function createBackends(config: Config): Promise<Backends> {
  switch (config.mode) {
    case 'embedded':
      return openEmbedded(config);
    case 'cluster': {
      // Loaded only now: a node on SQLite needs none of the drivers.
      const { openCluster } = await import('./cluster/cluster-backends.ts');
      return openCluster(config);
    }
  }
}
