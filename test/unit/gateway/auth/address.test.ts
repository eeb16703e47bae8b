import type { IncomingMessage } from 'node:http';
import { createAddressOf, limitKey } from '../../../../src/gateway/auth/address.ts';
import { StartError } from '../../../../src/start-error.ts';

const request = (remoteAddress: string, forwarded?: string) =>
  ({ headers: forwarded === undefined ? {} : { 'x-forwarded-for': forwarded }, socket: { remoteAddress } }) as Pick<IncomingMessage, 'headers' | 'socket'>;

test.each([
  ['nobody is trusted', [], '10.0.0.1', '1.2.3.4', '10.0.0.1'],
  ['a trusted proxy', ['10.0.0.1'], '10.0.0.1', '1.2.3.4', '1.2.3.4'],
  ['what the client wrote itself does not count', ['10.0.0.1'], '10.0.0.1', '6.6.6.6, 1.2.3.4', '1.2.3.4'],
  ['two proxies', ['10.0.0.0/8'], '10.0.0.1', '6.6.6.6, 1.2.3.4, 10.0.0.2', '1.2.3.4'],
  ['a proxy that says nothing', ['10.0.0.1'], '10.0.0.1', undefined, '10.0.0.1'],
  ['a proxy that says nonsense', ['10.0.0.1'], '10.0.0.1', 'unknown', '10.0.0.1'],
  ['an untrusted one that says something', ['10.0.0.1'], '10.9.9.9', '1.2.3.4', '10.9.9.9'],
  ['IPv4 in IPv6 clothes', ['10.0.0.1'], '::ffff:10.0.0.1', '1.2.3.4', '1.2.3.4'],
  ['IPv6', ['fd00::/8'], 'fd00::1', '2001:db8::7', '2001:db8::7'],
])('G23 %s', (_what, proxies, socket, forwarded, expected) => {
  expect(createAddressOf(proxies)(request(socket, forwarded))).toBe(expected);
});

test('G23 a proxy that is no address stops the start with one line', () => {
  expect(() => createAddressOf(['10.0.0.1', 'haproxy'])).toThrow(StartError);
  expect(() => createAddressOf(['10.0.0.0/99'])).toThrow('TRUSTED_PROXIES: "10.0.0.0/99"');
});

test.each([
  ['1.2.3.4', '1.2.3.4'],
  ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
  ['2001:db8::7', '2001:db8:0:0::/64'],
  ['2001:0DB8::', '2001:db8:0:0::/64'],
  ['::1', '0:0:0:0::/64'],
  ['', ''],
])('G23 limits count %s by %s', (address, key) => {
  expect(limitKey(address)).toBe(key);
});
