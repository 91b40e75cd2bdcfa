import { isIP } from 'node:net';
import type { Request } from 'express';

/** What one customer of an Internet provider has of the 128 bits: the rest is his to choose. */
const IPV6_PREFIX_GROUPS = 4;

/**
 * Whom to count for: the peer, or behind a trusted proxy the address that this proxy saw. A proxy appends the address
 * of its peer to `X-Forwarded-For`, so the last entry is the only one that no client can have written.
 * @returns an IPv4 address, or the first 64 bits of an IPv6 address
 */
export function clientAddress(request: Request, trustProxy: boolean): string {
  const peer = request.socket.remoteAddress ?? '';
  const forwarded = trustProxy ? lastOf(request.headers['x-forwarded-for']) : undefined;
  return networkOf(forwarded !== undefined && isIP(forwarded) > 0 ? forwarded : peer);
}

function lastOf(header: string | string[] | undefined): string | undefined {
  return [header ?? []].flat().join(',').split(',').at(-1)?.trim();
}

function networkOf(address: string): string {
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1];
  if (mapped !== undefined) return mapped;
  if (isIP(address) !== 6) return address;
  const [head = '', tail] = (address.split('%')[0] ?? '').split('::');
  const groups = head === '' ? [] : head.split(':');
  const missing = tail === undefined ? 0 : 8 - groups.length - (tail === '' ? 0 : tail.split(':').length);
  const whole = [...groups, ...Array.from({ length: missing }, () => '0')];
  return whole
    .slice(0, IPV6_PREFIX_GROUPS)
    .map((group) => parseInt(group, 16).toString(16))
    .join(':');
}
