import canonicalize from 'canonicalize';
import fc from 'fast-check';
import { encodeBase32 } from '../../../src/taler/base32';
import {
  canonicalJson,
  CanonicalJsonError,
  hashExtensionManifests,
  hashJson,
  hashPolicy,
} from '../../../src/taler/canonical-json';
import { hashContract } from '../../../src/taler/contract-terms';
import {
  findForbiddenString,
  findInexactNumber,
  type JsonValue,
  MAX_JSON_DEPTH,
} from '../../../src/taler/json';
import { type Cursor, readFixture, readVectors } from './support/vectors';

/**
 * What a server does with a text: look at its numbers, parse, look at its strings. C keeps 64 bits of an integer
 * and prints reals; a double holds neither, so we refuse such texts where C hashes some of them.
 */
function read(text: string): { value: JsonValue } | 'inexact' | 'refused' {
  if (findInexactNumber(text) !== undefined) return 'inexact';
  const value = JSON.parse(text) as JsonValue;
  return findForbiddenString(value) === undefined ? { value } : 'refused';
}

const vectors = readVectors('canonical-json.json').at('vectors').items;
const reference = readFixture('400-reference-values.json');

function isInexactForUs(row: Cursor): boolean {
  return row.has('contract_hash_error') || row.at('json_text').text === '{"n":9007199254740993}';
}

describe('canonical JSON', () => {
  it.each(vectors.map((row) => [row.at('json_text').text, row] as const))(
    'hashes %s as the reference does',
    (text, row) => {
      const result = read(text);
      if (isInexactForUs(row)) {
        expect(result).toBe('inexact');
        // What our parser would have made of it must not be hashed as something else.
        if (row.has('contract_hash_error') && !/1\.0|1e3/.test(text)) {
          expect(() => canonicalJson(JSON.parse(text) as JsonValue)).toThrow(CanonicalJsonError);
        }
        return;
      }
      if (row.has('parse')) {
        // C refuses top-level scalars in this place (its parser flag); the other refusal is an escaped NUL.
        return expect(text.startsWith('"') || result === 'refused').toBe(true);
      }
      if (typeof result === 'string') throw new Error(`${text} is ${result}`);
      expect(canonicalJson(result.value)).toBe(row.at('canonical').text);
      expect(Buffer.from(canonicalJson(result.value), 'utf8').toString('hex')).toBe(
        row.at('canonical_hex').text,
      );
      expect(encodeBase32(hashJson(result.value))).toBe(row.at('json_hash').text);
      expect(encodeBase32(hashContract(result.value))).toBe(row.at('contract_hash').text);
    },
  );

  it.each(
    reference.at('canonical_json').items.map((row) => [row.at('text').text, row.at('answer')] as const),
  )('writes %s as the recorded exchange does', (text, answer) => {
    const result = read(text);
    if (typeof result !== 'string')
      return expect(canonicalJson(result.value)).toBe(answer.at('canonical').text);
    if (result === 'refused') return expect(answer.at('parse').value).toBe(false);
    // Reals and integers beyond 2^53 - 1.
    expect(text).toMatch(/\d{16}|\d[.eE]/);
  });

  it('agrees with an implementation of RFC 8785 on all JSON without reals', () => {
    // Beyond the basic plane RFC 8785 sorts names by UTF-16 units and C by bytes; those have their own test.
    const name = fc
      .string({ unit: 'grapheme-ascii' })
      .chain((ascii) => fc.constantFrom(ascii, `${ascii}é€\uffee`));
    const leaf = fc.oneof(
      fc.maxSafeInteger(),
      fc.boolean(),
      fc.constant(null),
      fc.string({ unit: 'grapheme' }),
    );
    const { json } = fc.letrec<{ json: JsonValue }>((tie) => ({
      json: fc.oneof(
        { maxDepth: 5 },
        leaf.filter((value) => typeof value !== 'string' || !value.includes('\0')),
        fc.array(tie('json'), { maxLength: 5 }),
        fc.dictionary(name, tie('json'), { maxKeys: 6 }),
      ),
    }));
    fc.assert(
      fc.property(json, (value) => {
        expect(canonicalJson(value)).toBe(canonicalize(value));
        expect(canonicalJson(JSON.parse(canonicalJson(value)) as JsonValue)).toBe(canonicalJson(value));
      }),
    );
  });

  it('sorts names beyond the basic plane by code point, as C does', () => {
    expect(canonicalJson({ '😀': 1, '～': 2, z: 3 })).toBe('{"z":3,"～":2,"😀":1}');
    expect(canonicalize({ '😀': 1, '～': 2, z: 3 })).toBe('{"z":3,"😀":1,"～":2}');
  });

  it('keeps a member called __proto__', () => {
    expect(canonicalJson(JSON.parse('{"b":1,"__proto__":{"x":2}}') as JsonValue)).toBe(
      '{"__proto__":{"x":2},"b":1}',
    );
  });

  it.each<[JsonValue]>([
    [0.5],
    [[2 ** 53]],
    [{ a: -(2 ** 53) }],
    [NaN],
    ['\0'],
    [{ '\ud800': 1 }],
    [{ a: '\udc00x' }],
  ])('refuses %j', (value) => {
    expect(() => canonicalJson(value)).toThrow(CanonicalJsonError);
  });

  it('refuses nesting beyond the limit instead of overflowing the stack', () => {
    let value: JsonValue = [];
    for (let level = 1; level < MAX_JSON_DEPTH; level += 1) value = [value];
    expect(canonicalJson(value)).toHaveLength(2 * MAX_JSON_DEPTH);
    expect(() => canonicalJson([value])).toThrow(CanonicalJsonError);
  });
});

describe('hashes of JSON in other places', () => {
  const rows = readVectors('denominations.json');

  it('hashes a deposit policy as the reference does', () => {
    const row = rows.at('policy_hash');
    expect(encodeBase32(hashPolicy(row.at('policy').json))).toBe(row.at('h_policy').text);
  });

  it('hashes wallet data as the reference does', () => {
    const row = rows.at('wallet_data_hash');
    expect(encodeBase32(hashJson(row.at('wallet_data').json))).toBe(row.at('wallet_data_hash').text);
  });

  it('salts policies and extension manifests differently', () => {
    expect(hashExtensionManifests({})).not.toEqual(hashPolicy({}));
  });
});
