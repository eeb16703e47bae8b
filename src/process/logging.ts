/**
 * Structured logs by pino: JSON lines, or readable ones on a terminal. Code logs ids only; the redaction here is the
 * second line of defence should message text or a token slip into a log call.
 */
import type { BrokerOptions, LoggerConfig, LogLevels } from 'moleculer';
import pino, { type DestinationStream, type LoggerOptions } from 'pino';
import { PinoPretty } from 'pino-pretty';
import type { Config } from '../config.ts';

type LogLevelConfig = Exclude<NonNullable<BrokerOptions['logLevel']>, LogLevels>;

const SECRET_FIELDS = ['content', 'text', 'chunk', 'messages', 'prefix', 'prompt', 'token', 'authorization', 'cookie', 'auth', 'secret', 'password', 'apiKey'];

/** The field itself and one or two objects deep: `{token}`, `{params: {token}}`, `{req: {headers: {authorization}}}`. */
export const redactedPaths = SECRET_FIELDS.flatMap((name) => [name, `*.${name}`, `*.*.${name}`]);

/** What a log says of an error: no fields beside these, for they may carry parameters. */
export function errorForLog(error: unknown): Record<string, unknown> {
  if (!(error instanceof Error)) return { message: String(error) };
  const { type, code } = error as { type?: unknown; code?: unknown };
  const cause = error.cause === undefined ? undefined : errorForLog(error.cause);
  return { name: error.name, type, code, message: error.message, stack: error.stack, cause };
}

const pinoOptions: LoggerOptions = {
  // Each logger of the broker is a child with its own level; the root lets everything pass.
  level: 'trace',
  base: undefined,
  timestamp: pino.stdTimeFunctions.isoTime,
  formatters: { level: (label) => ({ level: label }) },
  serializers: { err: errorForLog },
  redact: { paths: redactedPaths, censor: '[hidden]' },
  hooks: {
    logMethod(args: unknown[], method) {
      // Moleculer itself logs `error(text, error)`, and pino would drop the error.
      const [text, error] = args;
      if (typeof text === 'string' && error instanceof Error) method.call(this, { err: error }, text);
      else method.apply(this, args as Parameters<typeof method>);
    },
  },
};

function destination(format: 'json' | 'pretty', color: boolean): DestinationStream {
  // Written before the call returns, so that the last lines before an exit are never lost.
  if (format === 'json') return pino.destination({ fd: 1, sync: true });
  return PinoPretty({ sync: true, singleLine: true, colorize: color, translateTime: 'SYS:HH:MM:ss.l', ignore: 'ns,nodeID,mod,svc,ver', messageFormat: '{mod}: {msg}' });
}

/** In one process nothing comes or goes: what Moleculer says of nodes and services matters in a cluster, or to debug. */
function levels(config: Config): LogLevels | LogLevelConfig {
  if (config.mode === 'cluster' || config.LOG_LEVEL !== 'info') return config.LOG_LEVEL;
  return { BROKER: 'warn', REGISTRY: 'warn', $NODE: 'warn', '**': 'info' };
}

export function loggerConfig(config: Config, terminal: boolean, to?: DestinationStream): LoggerConfig {
  const format = config.LOG_FORMAT === 'auto' ? (terminal ? 'pretty' : 'json') : config.LOG_FORMAT;
  return {
    type: 'Pino',
    options: { level: levels(config), pino: { options: pinoOptions, destination: to ?? destination(format, terminal) } },
  };
}
