import { TalerCode } from '../../taler/error-codes';
import { bareTag, entityTagOf, matchesTag } from './entity-tag';

describe('entity tags (orders.md 4.3)', () => {
  it('is base32 of the SHA-256 of the body', () => {
    // SHA-256 of nothing: e3b0c442..., in Crockford base32.
    expect(entityTagOf('')).toHaveLength(52);
    expect(entityTagOf('')).toBe(entityTagOf(''));
    expect(entityTagOf('a')).not.toBe(entityTagOf('b'));
    expect(entityTagOf('')).toMatch(/^WER/);
  });

  it.each([
    ['ABC', 'ABC'],
    ['"ABC"', 'ABC'],
    ['W/"ABC"', 'ABC'],
    [' "ABC" ', 'ABC'],
    ['""', ''],
  ])('strips %j to %j', (text, bare) => {
    expect(bareTag(text)).toBe(bare);
  });

  it.each([
    ['"T"', true],
    ['T', true],
    ['W/"T"', true],
    ['*', true],
    [' * ', true],
    ['"a", "T"', true],
    ['"a",W/"T"', true],
    ['"a"', false],
    ['"t"', false],
    ['""', false],
    ['"a", "b"', false],
  ])('the header %j names the tag T: %s', (header, matches) => {
    expect(matchesTag(header, 'T')).toBe(matches);
  });

  it.each(['', ' ', '"T', 'T"', '"a" "T"', 'a b', '"a",', ',', '"a\u0001"', 'W/T', '*, "T"'])(
    'refuses the header %j',
    (header) => {
      expect(() => matchesTag(header, 'T')).toThrow(
        expect.objectContaining({ code: TalerCode.GENERIC_HTTP_HEADERS_MALFORMED, detail: 'If-None-Match' }),
      );
    },
  );
});
