import { createOrigins } from '../../../../src/gateway/auth/origin.ts';

const host = 'chat.example:3000';

test.each([
  ['no Origin: not a browser', undefined, [], true],
  ['the own page', 'http://chat.example:3000', [], true],
  ['the own page behind a proxy that ends TLS', 'https://chat.example:3000', [], true],
  ['the own page in capitals', 'http://CHAT.example:3000', [], true],
  ['another host', 'http://evil.example:3000', [], false],
  ['another port', 'http://chat.example:4000', [], false],
  ['a sandboxed page', 'null', [], false],
  ['nonsense', 'chat.example:3000', [], false],
  ['a listed one', 'https://app.example', ['https://app.example'], true],
  ['a listed one, written otherwise', 'https://app.example', ['https://APP.example/'], true],
  ['the beginning of a listed one', 'https://app.exam', ['https://app.example'], false],
  ['a longer one', 'https://app.example.evil.example', ['https://app.example'], false],
  ['any, by *', 'https://evil.example', ['*'], true],
])('G14 %s', (_what, origin, allowed, expected) => {
  expect(createOrigins(allowed).allows({ host, origin })).toBe(expected);
});

test('G14 the default port may be written or not', () => {
  expect(createOrigins([]).allows({ host: 'chat.example:443', origin: 'https://chat.example' })).toBe(true);
  expect(createOrigins([]).allows({ host: 'chat.example', origin: 'https://chat.example:443' })).toBe(true);
});

test('G14 CORS names listed origins only, and not the own one', () => {
  const origins = createOrigins(['https://app.example']);
  expect(origins.corsFor({ host, origin: 'https://app.example' })).toBe('https://app.example');
  expect(origins.corsFor({ host, origin: `http://${host}` })).toBeUndefined();
  expect(origins.corsFor({ host })).toBeUndefined();
});
