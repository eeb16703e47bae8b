/**
 * What moleculer-runner starts a node with: it calls the default export and makes a broker of the answer. Settings
 * are read and stores opened before there is a broker, so that a mistake in either is one line and no half-started node.
 */
import type { BrokerOptions } from 'moleculer';
import { createBackends } from './src/backends/create-backends.ts';
import { loadConfig } from './src/config.ts';
import { brokerOptions } from './src/process/broker-options.ts';
import { processHost } from './src/process/host.ts';
import { servicePaths } from './src/process/service-files.ts';
import { failStart } from './src/process/start-guard.ts';

export default async function holdfast(): Promise<BrokerOptions> {
  try {
    const config = loadConfig(process.env);
    const services = servicePaths(process.env['SERVICES'], config.mode, import.meta.url);
    // The runner reads this after the configuration, and finds no files by mere names.
    if (services !== undefined) process.env['SERVICES'] = services;
    return brokerOptions(config, await createBackends(config));
  } catch (error) {
    failStart(error, processHost);
    throw error;
  }
}
