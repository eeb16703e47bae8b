/** A Kafka broker of our own: one node that is its own controller, topics only when they are made on purpose. */
import { randomBytes } from 'node:crypto';
import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { freePort, launch, localServer, type LocalServer, type ServerOptions } from './local-server.ts';
import { builtFolder, buildOnce, missingPrograms, recipeFolder, type Recipe } from './server-cache.ts';

const recipe: Recipe = {
  name: 'kafka',
  folder: recipeFolder('kafka'),
  command: 'mvn',
  args: ['-q', '-B', 'dependency:copy-dependencies', '-DoutputDirectory=lib', '-DincludeScope=runtime'],
};
const JAVA = ['-Xms64m', '-Xmx256m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1'];

/** Programs that are missing here to run Kafka; Maven only until the jars are there. */
export function missingForKafka(): string[] {
  return missingPrograms(existsSync(builtFolder(recipe)) ? ['java'] : ['java', 'mvn']);
}

export function kafkaIsReady(): boolean {
  return existsSync(builtFolder(recipe));
}

/** Downloads the broker's jars once. Answers their class path. */
export async function provideKafka(): Promise<string> {
  const missing = missingForKafka();
  if (missing.length > 0) {
    throw new Error(`Kafka needs ${missing.join(' and ')} here (Java 17, Maven): install that, or set KAFKA_BROKERS to a broker of yours.`);
  }
  return join(await buildOnce(recipe), 'lib', '*');
}

type Settings = Record<string, string | number | boolean>;
export interface KafkaOptions extends ServerOptions {
  /** Other broker settings: a listener with TLS, a login. */
  change?: (settings: Settings) => Settings;
  /** More options for formatting its storage: `['--add-scram', 'SCRAM-SHA-512=[name=chat,password=…]']`. */
  format?: string[];
}

/** `url` is what KAFKA_BROKERS takes. */
export async function startKafka({ dir, port, change = (settings) => settings, format: more = [] }: KafkaOptions): Promise<LocalServer> {
  const classPath = await provideKafka();
  const at = port ?? (await freePort());
  mkdirSync(dir, { recursive: true });
  writeFileSync(join(dir, 'server.properties'), properties(change(defaults(dir, at, await freePort()))));
  if (!existsSync(join(dir, 'data', 'meta.properties'))) await format(classPath, dir, more);
  const log = join(dir, 'kafka.log');
  const from = existsSync(log) ? statSync(log).size : 0;
  const launched = await launch({
    command: 'java',
    args: [...JAVA, '-cp', classPath, 'kafka.Kafka', 'server.properties'],
    dir,
    logName: 'kafka.log',
    // The port is open long before the broker serves.
    ready: async () => existsSync(log) && readFileSync(log).subarray(from).includes('Kafka Server started'),
    limitMs: 60_000,
  });
  return localServer(launched, { url: `127.0.0.1:${at}`, port: at, dir });
}

async function format(classPath: string, dir: string, more: string[]): Promise<void> {
  const args = [...JAVA, '-cp', classPath, 'kafka.tools.StorageTool', 'format', '-t', clusterId(), '-c', 'server.properties', ...more];
  await promisify(execFile)('java', args, { cwd: dir });
}

/** 16 bytes in base64url; Kafka takes none that begins like an option. */
function clusterId(): string {
  const id = randomBytes(16).toString('base64url');
  return id.startsWith('-') ? clusterId() : id;
}

function defaults(dir: string, port: number, controllerPort: number): Settings {
  return {
    'process.roles': 'broker,controller',
    'node.id': 1,
    'controller.quorum.voters': `1@127.0.0.1:${controllerPort}`,
    'controller.listener.names': 'CONTROLLER',
    listeners: `PLAINTEXT://127.0.0.1:${port},CONTROLLER://127.0.0.1:${controllerPort}`,
    'advertised.listeners': `PLAINTEXT://127.0.0.1:${port}`,
    'listener.security.protocol.map': 'PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT',
    'log.dirs': join(dir, 'data'),
    'auto.create.topics.enable': false,
    'default.replication.factor': 1,
    'offsets.topic.replication.factor': 1,
    'offsets.topic.num.partitions': 1,
    'transaction.state.log.replication.factor': 1,
    'transaction.state.log.min.isr': 1,
    'transaction.state.log.num.partitions': 1,
    'group.initial.rebalance.delay.ms': 0,
    // After SIGKILL the controller takes the broker back only when its old session has ended.
    'broker.session.timeout.ms': 1_500,
    'broker.heartbeat.interval.ms': 300,
    // Small: it shares two cores with the tests.
    'log.cleaner.dedupe.buffer.size': 4_194_304,
    'num.network.threads': 2,
    'num.io.threads': 2,
  };
}

function properties(settings: Settings): string {
  return Object.entries(settings).map(([name, value]) => `${name}=${value}\n`).join('');
}
