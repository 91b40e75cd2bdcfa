import type { Request } from 'express';
import { TalerCode } from '../../taler/error-codes';
import { AppConfig } from '../config/config';
import { BaseUrls } from './base-url';

function baseUrl(
  headers: Record<string, string>,
  options: { trustProxy?: boolean; baseUrl?: string; instance?: string } = {},
): string {
  const config = { baseUrl: options.baseUrl, trustProxy: options.trustProxy ?? false } as AppConfig;
  return new BaseUrls(config).ofInstance({ headers } as unknown as Request, options.instance ?? 'admin');
}

const PROXY = {
  host: 'internal:9966',
  'x-forwarded-proto': 'https',
  'x-forwarded-host': 'shop.example',
  'x-forwarded-prefix': '/taler',
  'x-forwarded-port': '8443',
};

describe('the URL under which the client sees us (orders.md 9.5)', () => {
  it.each<[string, Record<string, string>, string]>([
    ['Host alone', { host: 'backend.example' }, 'http://backend.example/'],
    ['Host with a port', { host: '127.0.0.1:9966' }, 'http://127.0.0.1:9966/'],
    ['Host with the default port', { host: 'backend.example:80' }, 'http://backend.example/'],
    ['Host with the other default port', { host: 'backend.example:443' }, 'http://backend.example:443/'],
    ['Host in capitals', { host: 'Backend.EXAMPLE' }, 'http://backend.example/'],
    ['an IPv6 address', { host: '[::1]:9966' }, 'http://[::1]:9966/'],
    ['an IPv6 address without port', { host: '[2001:DB8::1]' }, 'http://[2001:db8::1]/'],
    ['an address in another spelling', { host: '127.1:08080' }, 'http://127.0.0.1:8080/'],
    ['an IPv6 address in another spelling', { host: '[0:0::1]:80' }, 'http://[::1]/'],
    ['headers of a proxy that is not trusted', { ...PROXY, host: 'internal:9966' }, 'http://internal:9966/'],
  ])('from %s', (_name, headers, expected) => {
    expect(baseUrl(headers)).toBe(expected);
  });

  it.each<[string, Record<string, string>, string]>([
    ['no forwarded header', { host: 'backend.example' }, 'http://backend.example/'],
    ['all headers', PROXY, 'https://shop.example:8443/taler/'],
    [
      'a protocol alone',
      { host: 'backend.example', 'x-forwarded-proto': 'HTTPS' },
      'https://backend.example/',
    ],
    ['a host alone', { host: 'internal', 'x-forwarded-host': 'shop.example' }, 'http://shop.example/'],
    [
      'a host with its own port',
      { ...PROXY, 'x-forwarded-host': 'shop.example:99' },
      'https://shop.example:99/taler/',
    ],
    ['the default port', { ...PROXY, 'x-forwarded-port': '443' }, 'https://shop.example/taler/'],
    [
      'the default port inside the host',
      { ...PROXY, 'x-forwarded-host': 'shop.example:443' },
      'https://shop.example/taler/',
    ],
    ['port 80 of https', { ...PROXY, 'x-forwarded-port': '80' }, 'https://shop.example:80/taler/'],
    [
      'a prefix with final slash',
      { ...PROXY, 'x-forwarded-prefix': '/a/b/' },
      'https://shop.example:8443/a/b/',
    ],
    [
      'a prefix with dots',
      { ...PROXY, 'x-forwarded-prefix': '/a/./b/../c' },
      'https://shop.example:8443/a/c/',
    ],
    ['a prefix of one slash', { ...PROXY, 'x-forwarded-prefix': '/' }, 'https://shop.example:8443/'],
    ['empty headers', { host: 'h', 'x-forwarded-proto': '', 'x-forwarded-port': '' }, 'http://h/'],
    [
      'a chain of proxies, of which the first is the nearest to the client',
      { ...PROXY, 'x-forwarded-host': 'shop.example, inner', 'x-forwarded-proto': 'https, http' },
      'https://shop.example:8443/taler/',
    ],
  ])('from a trusted proxy with %s', (_name, headers, expected) => {
    expect(baseUrl(headers, { trustProxy: true })).toBe(expected);
  });

  it('is the configured one before all headers', () => {
    expect(baseUrl(PROXY, { trustProxy: true, baseUrl: 'https://fixed.example/x/' })).toBe(
      'https://fixed.example/x/',
    );
    expect(baseUrl({}, { baseUrl: 'https://fixed.example/' })).toBe('https://fixed.example/');
  });

  it.each<[string, string]>([
    ['admin', 'https://shop.example:8443/taler/'],
    ['shop', 'https://shop.example:8443/taler/instances/shop/'],
    ['a.b@c-d_e', 'https://shop.example:8443/taler/instances/a.b@c-d_e/'],
  ])('ends in the path of the instance %s', (instance, expected) => {
    expect(baseUrl(PROXY, { trustProxy: true, instance })).toBe(expected);
  });

  it.each<[string, Record<string, string>, boolean]>([
    ['no Host', {}, false],
    ['a Host with a path', { host: 'a/b' }, false],
    ['a Host with user', { host: 'me@a' }, false],
    ['a Host with a bad port', { host: 'a:port' }, false],
    ['a Host with a port beyond all ports', { host: 'a:65536' }, false],
    ['a Host that looks like an address', { host: '1.2.3.400' }, false],
    ['a Host with blanks', { host: 'a b' }, false],
    ['a protocol we do not speak', { ...PROXY, 'x-forwarded-proto': 'ftp' }, true],
    ['a prefix that is no path', { ...PROXY, 'x-forwarded-prefix': 'taler' }, true],
    ['a prefix with a query', { ...PROXY, 'x-forwarded-prefix': '/a?b' }, true],
    ['a port that is no number', { ...PROXY, 'x-forwarded-port': 'https' }, true],
    ['a forwarded host with a path', { ...PROXY, 'x-forwarded-host': 'a/b' }, true],
  ])('cannot be made of %s', (_name, headers, trustProxy) => {
    expect(() => baseUrl(headers, { trustProxy })).toThrow(
      expect.objectContaining({ code: TalerCode.GENERIC_HTTP_HEADERS_MALFORMED, status: 400 }),
    );
  });
});
