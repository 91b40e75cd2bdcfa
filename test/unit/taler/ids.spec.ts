import { isInstanceId, isOrderId } from '../../../src/taler/ids';

describe('order ids', () => {
  it.each(['a', '2026.140-0ABC', 'wc_order_x-17', 'a:b', '...', 'x'.repeat(128)])('%s is one', (text) => {
    expect(isOrderId(text)).toBe(true);
  });

  it.each(['', '.', '..', 'a b', 'a/b', 'ä', 'a\n', 'a%20', 'x'.repeat(129)])('%p is none', (text) => {
    expect(isOrderId(text)).toBe(false);
  });
});

describe('instance ids', () => {
  it.each(['admin', 'shop@example.com', '1a', 'A_b.c-d'])('%s is one', (text) => {
    expect(isInstanceId(text)).toBe(true);
  });

  it.each(['', 'a', '.ab', '-ab', '@ab', 'a/b', 'a b', 'ab\n', 'x'.repeat(129)])('%p is none', (text) => {
    expect(isInstanceId(text)).toBe(false);
  });
});
