import fc from 'fast-check';
import { formatPayUri, formatRefundUri, parsePayUri, parseRefundUri } from '../../../src/taler/taler-uri';

describe('pay URIs', () => {
  it.each([
    [
      'https://example.com/instances/myinst/',
      'myorder',
      undefined,
      'ASDF',
      'taler://pay/example.com/instances/myinst/myorder/?c=ASDF',
    ],
    ['http://example.com/', 'myorder', undefined, undefined, 'taler+http://pay/example.com/myorder/'],
    [
      'https://Example.COM:8443/shop/',
      'o1',
      's 1/ü',
      'T',
      'taler://pay/example.com:8443/shop/o1/s%201%2F%C3%BC?c=T',
    ],
    ['https://example.com:443/', 'a:b', '', undefined, 'taler://pay/example.com/a%3Ab/'],
  ])('for %s, order %s, session %p and token %p is right', (baseUrl, orderId, sessionId, claimToken, uri) => {
    expect(formatPayUri({ baseUrl, orderId, sessionId, claimToken })).toBe(uri);
    expect(parsePayUri(uri)).toEqual({
      baseUrl: new URL(baseUrl).href,
      orderId,
      sessionId: sessionId ?? '',
      claimToken,
    });
  });

  it('come back as what they were made of', () => {
    const segment = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 20 });
    const base = fc.constantFrom(
      'https://a.example/',
      'http://localhost:9966/',
      'https://a.example/x/instances/i/',
    );
    fc.assert(
      fc.property(
        base,
        segment,
        fc.string({ unit: 'grapheme', maxLength: 20 }),
        (baseUrl, orderId, sessionId) => {
          const uri = formatPayUri({ baseUrl, orderId, sessionId });
          expect(parsePayUri(uri)).toEqual({ baseUrl, orderId, sessionId, claimToken: undefined });
          expect(parseRefundUri(formatRefundUri({ baseUrl, orderId }))).toEqual({ baseUrl, orderId });
        },
      ),
    );
  });

  it('may carry parameters that we do not know', () => {
    expect(parsePayUri('TALER://PAY/HOST/o/s?n=PRIV&c=TOKEN')).toEqual({
      baseUrl: 'https://host/',
      orderId: 'o',
      sessionId: 's',
      claimToken: 'TOKEN',
    });
  });

  it.each([
    '',
    'https://pay/example.com/o/',
    'taler://refund/example.com/o/',
    'taler://pay/example.com/o',
    'taler://pay/example.com//',
    'taler://pay//o/s',
    'taler://pay/exa mple/o/s',
    'taler://pay/example.com/%zz/',
    'taler://pay/example.com/o/%ff',
    'taler://pay-template/example.com/t/',
  ])('are not %p', (uri) => {
    expect(parsePayUri(uri)).toBeUndefined();
  });

  it.each(['https://example.com', 'https://example.com/x', 'ftp://example.com/', 'example.com/'])(
    'are not made for the base URL %s',
    (baseUrl) => {
      if (baseUrl === 'https://example.com')
        return expect(formatPayUri({ baseUrl, orderId: 'o' })).toBe('taler://pay/example.com/o/');
      expect(() => formatPayUri({ baseUrl, orderId: 'o' })).toThrow();
    },
  );
});

describe('refund URIs', () => {
  it('end in a slash', () => {
    const parts = { baseUrl: 'https://shop.example/instances/a/', orderId: '2026.1-X' };
    expect(formatRefundUri(parts)).toBe('taler://refund/shop.example/instances/a/2026.1-X/');
    expect(parseRefundUri('taler://refund/shop.example/instances/a/2026.1-X/')).toEqual(parts);
    expect(parseRefundUri('taler://refund/shop.example/2026.1-X')).toBeUndefined();
    expect(parseRefundUri('taler://refund/shop.example/2026.1-X/more')).toBeUndefined();
    expect(parseRefundUri('taler://pay/shop.example/2026.1-X/')).toBeUndefined();
  });
});
