/** The client's address, as far as it can be believed. */
import { BlockList, isIP } from 'node:net';
import type { IncomingMessage } from 'node:http';
import { StartError } from '../../start-error.ts';

export type AddressOf = (request: Pick<IncomingMessage, 'headers' | 'socket'>) => string;

/** IPv4 in IPv6 clothes is IPv4. */
function plain(address: string): string {
  const bare = address.trim().replace(/^\[(.*)\]$/, '$1');
  return bare.toLowerCase().startsWith('::ffff:') && isIP(bare.slice(7)) === 4 ? bare.slice(7) : bare;
}
const familyOf = (address: string): 'ipv4' | 'ipv6' => (isIP(address) === 6 ? 'ipv6' : 'ipv4');

function trustList(proxies: readonly string[]): BlockList {
  const list = new BlockList();
  for (const proxy of proxies) {
    const [given = '', bits] = proxy.split('/');
    const address = plain(given);
    try {
      if (bits === undefined) list.addAddress(address, familyOf(address));
      else list.addSubnet(address, Number(bits), familyOf(address));
    } catch {
      throw new StartError(`TRUSTED_PROXIES: "${proxy}" is neither an address nor a range such as 10.0.0.0/8`);
    }
  }
  return list;
}

/**
 * The socket's address, unless that is one of TRUSTED_PROXIES (addresses or ranges): then the right-most entry of
 * X-Forwarded-For that is not. What stands left of it was written by the client and proves nothing.
 * Throws StartError when an entry of the setting is no address.
 */
export function createAddressOf(proxies: readonly string[]): AddressOf {
  const trusted = trustList(proxies);
  return ({ headers, socket }) => {
    let address = plain(socket.remoteAddress ?? '');
    const forwarded = [headers['x-forwarded-for'] ?? []].flat().join(',').split(',').map(plain);
    while (isIP(address) !== 0 && trusted.check(address, familyOf(address))) {
      const next = forwarded.pop();
      if (next === undefined || isIP(next) === 0) break;
      address = next;
    }
    return address;
  };
}

/** What per-address limits count by: an IPv6 subscriber has a whole /64 to choose from. */
export function limitKey(address: string): string {
  if (isIP(address) !== 6) return address;
  const [head = '', tail = ''] = address.split('%')[0]?.split('::') ?? [];
  const left = head === '' ? [] : head.split(':');
  const right = tail === '' ? [] : tail.split(':');
  const zeros: string[] = new Array<string>(Math.max(0, 8 - left.length - right.length)).fill('0');
  const groups = address.includes('::') ? [...left, ...zeros, ...right] : left;
  return `${groups.slice(0, 4).map((group) => Number.parseInt(group, 16).toString(16)).join(':')}::/64`;
}
