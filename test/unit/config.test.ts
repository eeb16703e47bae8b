import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ConfigError, loadConfig, settings } from '../../src/config.ts';

function problemsOf(env: Record<string, string>): string[] {
  try {
    loadConfig(env);
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
  return [];
}

describe('settings', () => {
  test('with nothing set the server runs embedded on the loopback address', () => {
    expect(loadConfig({})).toMatchObject({ mode: 'embedded', HOST: '127.0.0.1', PORT: 3000, continuation: 'prefill' });
  });

  test('an empty value counts as unset', () => {
    expect(loadConfig({ PORT: '', REDIS_URL: '' })).toMatchObject({ PORT: 3000, mode: 'embedded' });
  });

  test('N1 each bad setting is a line of its own that names it', () => {
    expect(problemsOf({ PORT: 'http', LOG_LEVEL: 'loud', NODE_ID: 'a b' }).map((line) => line.split(':')[0])).toEqual(['PORT', 'NODE_ID', 'LOG_LEVEL']);
  });

  test('N1 addresses and origins are looked at, and nobody is locked out silently', () => {
    const names = (env: Record<string, string>) => problemsOf(env).map((line) => line.split(/[: ]/)[0]);
    expect(names({ OPENAI_BASE_URL: 'localhost:11434' })).toEqual(['OPENAI_BASE_URL']);
    expect(names({ AUTH_JWKS_URL: 'id.example', AUTH_ISSUER: 'x' })).toEqual(['AUTH_JWKS_URL']);
    expect(names({ ALLOWED_ORIGINS: 'foo' })).toEqual(['ALLOWED_ORIGINS']);
    expect(names({ AUTH_GUESTS: 'off' })).toEqual(['AUTH_GUESTS']);
    expect(loadConfig({ ALLOWED_ORIGINS: 'https://a.example, http://b.example:8080/', OPENAI_BASE_URL: 'http://localhost:11434/v1' }).ALLOWED_ORIGINS).toHaveLength(2);
  });

  test('N2 a refused secret is not shown', () => {
    expect(problemsOf({ AUTH_JWT_SECRET: 'too-short' })).toEqual(['AUTH_JWT_SECRET: must have at least 32 characters']);
  });

  test('what a cluster lacks is named', () => {
    expect(problemsOf({ REDIS_URL: 'redis://localhost' })).toEqual([
      expect.stringMatching(/^REDIS_URL is set without MONGO_URL/),
      expect.stringMatching(/^REDIS_URL is set without KAFKA_BROKERS/),
      expect.stringMatching(/^AUTH_JWT_SECRET is missing/),
    ]);
    expect(problemsOf({ MONGO_URL: 'mongodb://localhost' })).toEqual([expect.stringMatching(/^MONGO_URL is set without REDIS_URL/)]);
  });
});

describe('.env.example', () => {
  const text = readFileSync(join(__dirname, '../../.env.example'), 'utf8');
  const listed = [...text.matchAll(/^# (.+)\n#([A-Z_]+)=(.*)$/gm)].map(([, description, name, value]) => ({ name, value, description }));

  /** A default as it would be written in the environment. */
  function written(name: keyof typeof settings): string {
    const value: unknown = settings[name].safeParse(undefined).data;
    if (typeof value === 'boolean') return value ? 'on' : 'off';
    return Array.isArray(value) ? value.join(',') : String(value ?? '');
  }

  test('lists every setting with its default and its meaning, in the order of the table', () => {
    const expected = (Object.keys(settings) as (keyof typeof settings)[]).map((name) => ({ name, value: written(name), description: settings[name].description }));
    // SERVICES is read by moleculer-runner, which has no table.
    expect(listed.filter(({ name }) => name !== 'SERVICES')).toEqual(expected);
  });

  test('has no line in any other form', () => {
    const assignments = text.split('\n').filter((line) => /^#?[A-Za-z_]+=/.test(line));
    expect(assignments).toHaveLength(listed.length);
  });

  test('taken as it is, it changes nothing', () => {
    const env = Object.fromEntries(listed.filter(({ value }) => value !== '').map(({ name, value }) => [name, value]));
    expect(loadConfig(env)).toEqual(loadConfig({}));
  });
});
