import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { exportJWK, exportSPKI, generateKeyPair, SignJWT, UnsecuredJWT, type JWTPayload } from 'jose';
import { loadConfig } from '../../../../src/config.ts';
import { toWireError } from '../../../../src/errors.ts';
import { createTokens, type Tokens } from '../../../../src/gateway/auth/tokens.ts';

const SECRET = 'a secret of at least thirty-two characters';
const ISSUER = 'https://id.example';
const secretKey = (secret = SECRET) => new TextEncoder().encode(secret);
const inAnHour = () => Math.floor(Date.now() / 1000) + 3600;

async function hs256(claims: JWTPayload, secret = SECRET): Promise<string> {
  return new SignJWT({ exp: inAnHour(), ...claims }).setProtectedHeader({ alg: 'HS256' }).sign(secretKey(secret));
}
async function codeOf(result: Promise<unknown>): Promise<string> {
  return result.then(
    () => 'let in',
    (thrown: unknown) => toWireError(thrown).code,
  );
}
const clock = { now: () => Date.now(), after: () => () => undefined };
function tokensWith(env: Record<string, string>): Tokens {
  return createTokens(loadConfig(env), env['AUTH_JWT_SECRET'] ?? 'made by this installation itself', clock);
}

describe('guests', () => {
  test('G12 a guest token names a new guest each time and verifies as that guest', async () => {
    const tokens = tokensWith({});
    const [one, two] = [await tokens.issueGuest(), await tokens.issueGuest()];
    expect(one.userId).toMatch(/^guest:[A-Za-z0-9]{22}$/);
    expect(one.userId).not.toBe(two.userId);
    expect(await tokens.verify(one.token)).toEqual({ userId: one.userId, expiresAt: one.expiresAt });
  });

  test('G12 a guest token ends exactly on time, and can be renewed for a while after', async () => {
    let now = 1_800_000_000_000;
    const config = loadConfig({ AUTH_GUEST_TTL_MS: '1500', AUTH_GUEST_REFRESH_MS: '60000' });
    const tokens = createTokens(config, SECRET, { ...clock, now: () => now });
    const { token, userId, expiresAt } = await tokens.issueGuest();
    expect(expiresAt).toBe(now + 1500);
    now += 1499;
    expect(await tokens.verify(token)).toEqual({ userId, expiresAt });
    now += 1;
    expect(await codeOf(tokens.verify(token))).toBe('unauthenticated');
    now += 59_000;
    expect(await tokens.refreshable(token)).toBe(userId);
    now += 20_000;
    expect(await codeOf(tokens.refreshable(token))).toBe('unauthenticated');
  });

  test('G12 without guests even their old tokens are refused', async () => {
    const { token } = await tokensWith({ AUTH_JWT_SECRET: SECRET }).issueGuest();
    expect(await codeOf(tokensWith({ AUTH_GUESTS: 'off', AUTH_JWT_SECRET: SECRET }).verify(token))).toBe('unauthenticated');
  });

  test.each(['', 'x', 'a.b.c', 'a.b.c.d.e', '..', 'eyJhbGciOiJIUzI1NiJ9..'])('G2 %j is no token', async (token) => {
    expect(await codeOf(tokensWith({}).verify(token))).toBe('unauthenticated');
  });
});

describe('tokens of the secret', () => {
  const env = { AUTH_JWT_SECRET: SECRET, AUTH_ISSUER: ISSUER, AUTH_AUDIENCE: 'chat' };
  const good = { sub: 'alice', iss: ISSUER, aud: 'chat' };

  test('G22 one with the right issuer and audience is its user', async () => {
    expect(await tokensWith(env).verify(await hs256(good))).toMatchObject({ userId: 'alice' });
  });

  test.each([
    ['another secret', good, 'x'.repeat(40)],
    ['another issuer', { ...good, iss: 'https://elsewhere.example' }, SECRET],
    ['no issuer', { sub: 'alice', aud: 'chat' }, SECRET],
    ['another audience', { ...good, aud: 'mail' }, SECRET],
    ['no user', { iss: ISSUER, aud: 'chat' }, SECRET],
    ['an empty user', { ...good, sub: '' }, SECRET],
    ['a user with control characters', { ...good, sub: 'a\nb' }, SECRET],
    ['an ended one', { ...good, exp: 1000 }, SECRET],
    ['no end', { ...good, exp: undefined }, SECRET],
    ['one for later', { ...good, nbf: inAnHour() }, SECRET],
    ["a guest's id", { ...good, sub: 'guest:0123456789012345678901' }, SECRET],
  ])('G22 %s is refused', async (_why, claims: JWTPayload, secret) => {
    expect(await codeOf(tokensWith(env).verify(await hs256(claims, secret)))).toBe('unauthenticated');
  });

  test('G22 the secret this installation made for itself is good for guests only', async () => {
    const tokens = createTokens(loadConfig({}), SECRET, clock);
    expect(await codeOf(tokens.verify(await hs256({ sub: 'alice' })))).toBe('unauthenticated');
  });

  test('G22 a token that says "alg: none" is refused', async () => {
    const token = new UnsecuredJWT({ ...good, exp: inAnHour() }).encode();
    expect(await codeOf(tokensWith(env).verify(token))).toBe('unauthenticated');
    expect(await codeOf(tokensWith(env).verify(`${token}x`))).toBe('unauthenticated');
  });
});

describe('tokens of an identity provider', () => {
  let keys: object[] = [];
  let fetches = 0;
  let server: Server;
  let env: Record<string, string>;

  beforeAll(async () => {
    server = createServer((_req, res) => {
      fetches += 1;
      res.setHeader('content-type', 'application/json').end(JSON.stringify({ keys }));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    env = { AUTH_JWKS_URL: `http://127.0.0.1:${port}/jwks.json`, AUTH_ISSUER: ISSUER, AUTH_AUDIENCE: 'chat' };
  });
  afterAll(() => new Promise((resolve) => server.close(resolve)));
  beforeEach(() => {
    keys = [];
    fetches = 0;
  });

  async function signer(alg: string, kid: string) {
    const { publicKey, privateKey } = await generateKeyPair(alg, { extractable: true });
    const jwk = { ...(await exportJWK(publicKey)), kid, alg };
    const sign = (claims: JWTPayload = {}) =>
      new SignJWT({ sub: 'bob', iss: ISSUER, aud: 'chat', exp: inAnHour(), ...claims }).setProtectedHeader({ alg, kid }).sign(privateKey);
    return { jwk, publicKey, sign };
  }

  test.each(['RS256', 'PS256', 'ES256', 'EdDSA'])('G22 %s is verified by the published key', async (alg) => {
    const { jwk, sign } = await signer(alg, 'k1');
    keys = [jwk];
    expect(await tokensWith(env).verify(await sign())).toMatchObject({ userId: 'bob' });
  });

  test('G22 issuer, audience and end are checked, and a guest id is refused', async () => {
    const { jwk, sign } = await signer('RS256', 'k1');
    keys = [jwk];
    const tokens = tokensWith(env);
    const wrong = [{ iss: 'holdfast' }, { aud: 'mail' }, { exp: 1000 }, { sub: 'guest:0123456789012345678901' }];
    for (const claims of [...wrong, { sub: 'guest:0123456789012345678901', iss: 'holdfast' }]) {
      expect([claims, await codeOf(tokens.verify(await sign(claims)))]).toEqual([claims, 'unauthenticated']);
    }
  });

  test('G22 a rotated key is fetched when its first token comes, and a retired one stops working', async () => {
    jest.useFakeTimers({ doNotFake: ['nextTick', 'setImmediate', 'setTimeout', 'clearTimeout', 'queueMicrotask', 'performance'] });
    try {
      const [old, fresh] = [await signer('ES256', 'k1'), await signer('ES256', 'k2')];
      keys = [old.jwk];
      const tokens = tokensWith(env);
      expect(await tokens.verify(await old.sign())).toMatchObject({ userId: 'bob' });
      keys = [fresh.jwk];
      jest.setSystemTime(Date.now() + 6_000);
      expect(await tokens.verify(await fresh.sign())).toMatchObject({ userId: 'bob' });
      expect(fetches).toBe(2);
      expect(await codeOf(tokens.verify(await old.sign()))).toBe('unauthenticated');
    } finally {
      jest.useRealTimers();
    }
  });

  test('G22 made-up keys cause one fetch, not one each', async () => {
    const [known, madeUp] = [await signer('ES256', 'k1'), await signer('ES256', 'k9')];
    keys = [known.jwk];
    const tokens = tokensWith(env);
    for (let i = 0; i < 10; i += 1) expect(await codeOf(tokens.verify(await madeUp.sign()))).toBe('unauthenticated');
    expect(fetches).toBe(1);
  });

  test('G22 the public key does not pass for a secret', async () => {
    const { jwk, publicKey } = await signer('RS256', 'k1');
    keys = [jwk];
    const pem = await exportSPKI(publicKey);
    const confused = await hs256({ sub: 'bob', iss: ISSUER, aud: 'chat' }, pem);
    expect(await codeOf(tokensWith({ ...env, AUTH_JWT_SECRET: SECRET }).verify(confused))).toBe('unauthenticated');
    expect(await codeOf(tokensWith(env).verify(confused))).toBe('unauthenticated');
  });

  test('G22 "alg: none" is refused here too', async () => {
    const { jwk } = await signer('RS256', 'k1');
    keys = [jwk];
    const token = new UnsecuredJWT({ sub: 'bob', iss: ISSUER, aud: 'chat', exp: inAnHour() }).encode();
    expect(await codeOf(tokensWith(env).verify(token))).toBe('unauthenticated');
  });

  test('G22 with the key server away a login is not refused but put off', async () => {
    const { sign } = await signer('RS256', 'k1');
    const away = tokensWith({ ...env, AUTH_JWKS_URL: 'http://127.0.0.1:9/jwks.json' });
    expect(await away.verify(await sign()).catch(toWireError)).toMatchObject({ code: 'unavailable', retryable: true, retryAfterMs: expect.any(Number) });
  });

  test('G22 guests are verified as ever beside an identity provider', async () => {
    const tokens = tokensWith(env);
    const guest = await tokens.issueGuest();
    expect(await tokens.verify(guest.token)).toMatchObject({ userId: guest.userId });
    expect(fetches).toBe(0);
  });
});
