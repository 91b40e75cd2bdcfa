import { isOrderId } from '../taler/ids';
import { generateOrderId } from './order-id';

const at = (text: string) => BigInt(Date.parse(text)) * 1000n;

describe('generated order ids (orders.md 9.1)', () => {
  it.each([
    ['2026-01-01T00:00:00Z', '2026.001-'],
    ['2026-01-31T23:59:59Z', '2026.031-'],
    ['2026-05-20T12:00:00Z', '2026.140-'],
    ['2026-12-31T23:59:59Z', '2026.365-'],
    ['2028-12-31T23:59:59Z', '2028.366-'],
  ])('of %s begin with %s', (time, prefix) => {
    const id = generateOrderId(at(time));
    expect(id.startsWith(prefix)).toBe(true);
    expect(id.slice(prefix.length)).toMatch(/^[0-9A-HJKMNP-TV-Z]{13}$/);
    expect(isOrderId(id)).toBe(true);
  });

  it('do not repeat', () => {
    const ids = Array.from({ length: 1000 }, () => generateOrderId(at('2026-01-01T00:00:00Z')));
    expect(new Set(ids).size).toBe(1000);
  });
});
