import type { Request } from 'express';
import { clientAddress } from '../../../src/platform/http/client-address';

function request(peer: string | undefined, forwarded?: string | string[]): Request {
  return { socket: { remoteAddress: peer }, headers: { 'x-forwarded-for': forwarded } } as unknown as Request;
}

describe('the address of a client', () => {
  it.each<[string, string]>([
    ['192.0.2.1', '192.0.2.1'],
    ['::ffff:192.0.2.1', '192.0.2.1'],
    ['::1', '0:0:0:0'],
    ['::', '0:0:0:0'],
    ['2001:db8::7', '2001:db8:0:0'],
    ['2001:0DB8:0001:0002:0003:0004:0005:0006', '2001:db8:1:2'],
    ['2001:db8:1:2:3::', '2001:db8:1:2'],
    ['fe80::1%eth0', 'fe80:0:0:0'],
  ])('is of the peer %s: %s', (peer, expected) => {
    expect(clientAddress(request(peer), false)).toBe(expected);
  });

  it.each<[string | string[] | undefined, string]>([
    [undefined, '192.0.2.1'],
    ['198.51.100.7', '198.51.100.7'],
    ['10.0.0.1, 198.51.100.7', '198.51.100.7'],
    [['10.0.0.1', '198.51.100.8 '], '198.51.100.8'],
    ['198.51.100.7, nonsense', '192.0.2.1'],
    ['198.51.100.7,', '192.0.2.1'],
  ])('is what a trusted proxy has written last: %j', (header, expected) => {
    expect(clientAddress(request('192.0.2.1', header), true)).toBe(expected);
  });

  it('is of the peer where no proxy is trusted', () => {
    expect(clientAddress(request('192.0.2.1', '198.51.100.7'), false)).toBe('192.0.2.1');
    expect(clientAddress(request(undefined), true)).toBe('');
  });
});
