import fc from 'fast-check';
import { decodeBase32, decodeBase32Variable, encodeBase32 } from '../../../src/taler/base32';
import { readFixture, readVectors } from './support/vectors';

const vectors = readVectors('base32.json');

describe('base32', () => {
  it.each(vectors.at('encode').items.map((row) => [row.at('hex').text, row.at('crockford').text]))(
    'encodes %s as the reference does',
    (hex, text) => {
      expect(encodeBase32(Buffer.from(hex, 'hex'))).toBe(text);
    },
  );

  it.each(
    vectors.at('decode').items.map((row) => ({
      text: row.at('string').text,
      size: row.at('expected_bytes').number,
      hex: row.at('ok').value === true ? row.at('hex').text : undefined,
    })),
  )('decodes "$text" to $size bytes or refuses it as the reference does', ({ text, size, hex }) => {
    expect(decodeBase32(text, size)?.toString('hex')).toBe(hex);
  });

  it.each(
    readFixture('400-reference-values.json')
      .at('base32')
      .items.map((row) => [row]),
  )('agrees with the libraries of the recorded exchange (row %#)', (row) => {
    const decoded = decodeBase32(row.at('text').text, row.at('size').number);
    const answer = row.at('answer');
    expect(decoded?.toString('hex')).toBe(answer.at('ok').value === true ? answer.at('hex').text : undefined);
    if (decoded !== undefined) expect(encodeBase32(decoded)).toBe(answer.at('again').text);
  });

  it('gives back any bytes it encoded, in any case, and never writes a letter that looks like a digit', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        const text = encodeBase32(bytes);
        expect(text).toMatch(/^[0-9A-HJKMNP-TV-Z]*$/);
        expect(text).toHaveLength(Math.ceil((bytes.length * 8) / 5));
        expect(decodeBase32(text, bytes.length)).toEqual(Buffer.from(bytes));
        expect(decodeBase32Variable(text.toLowerCase())).toEqual(Buffer.from(bytes));
        expect(decodeBase32(text, bytes.length + 1)).toBeUndefined();
      }),
    );
  });

  it('refuses every character outside alphabet and look-alikes, at any place', () => {
    const good = encodeBase32(Buffer.alloc(32, 0xa5));
    const outside = fc
      .string({ minLength: 1, maxLength: 1, unit: 'binary' })
      .filter((character) => character.length === 1 && !/[0-9A-Za-z]/.test(character));
    fc.assert(
      fc.property(outside, fc.nat(good.length - 1), (character, place) => {
        const text = good.slice(0, place) + character + good.slice(place + 1);
        expect(decodeBase32(text, 32)).toBeUndefined();
      }),
    );
  });

  it.each([1, 3, 6, 9, 11])(
    'refuses a text of %d characters, which no number of bytes encodes to',
    (length) => {
      expect(decodeBase32Variable('0'.repeat(length))).toBeUndefined();
    },
  );
});
