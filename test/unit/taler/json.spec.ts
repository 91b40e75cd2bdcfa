import fc from 'fast-check';
import {
  findForbiddenString,
  findInexactNumber,
  isJsonObject,
  type JsonValue,
  MAX_JSON_DEPTH,
} from '../../../src/taler/json';

function nested(depth: number): JsonValue {
  let value: JsonValue = 1;
  for (let level = 0; level < depth; level += 1) value = [value];
  return value;
}

describe('inexact numbers', () => {
  it.each([
    ['{"n":1.0}', '1.0'],
    ['{"n":1e3}', '1e3'],
    ['[1,2,-0.5]', '-0.5'],
    ['1E5', '1E5'],
    ['{"n":9007199254740992}', '9007199254740992'],
    ['{"n":-9007199254740993}', '-9007199254740993'],
    ['{"s":"\\"1.5\\\\","n":2.5}', '2.5'],
    ['{"1.5":"2.5","a":[{"b":3e1}]}', '3e1'],
  ])('finds the number in %s', (text, token) => {
    expect(findInexactNumber(text)).toBe(token);
  });

  it.each([
    '{"n":9007199254740991}',
    '[-9007199254740991,0,-0]',
    '{"a":"EUR:1.5","b":"1e3","c":"\\\\\\"2.5"}',
    '""',
    'null',
  ])('finds none in %s', (text) => {
    expect(findInexactNumber(text)).toBeUndefined();
  });

  it('agrees with a reviver that sees the values', () => {
    fc.assert(
      fc.property(fc.json({ noUnicodeString: false }), (text) => {
        let real = false;
        JSON.parse(text, (_key, value: unknown) => {
          if (typeof value === 'number' && !Number.isSafeInteger(value)) real = true;
          return value;
        });
        if (real) expect(findInexactNumber(text)).toBeDefined();
        // The other way round a token like 1e3 has an integral value and is inexact all the same.
        else if (!/\d[.eE]/.test(text)) expect(findInexactNumber(text)).toBeUndefined();
      }),
    );
  });

  it('takes linear time for megabytes of quotes and backslashes', () => {
    const text = JSON.stringify({ image: '\\"'.repeat(2_000_000), n: 1 });
    const started = process.hrtime.bigint();
    expect(findInexactNumber(text)).toBeUndefined();
    // A fraction of a second; anything quadratic would be at it for hours, on every machine.
    expect(process.hrtime.bigint() - started).toBeLessThan(60_000_000_000n);
  });
});

describe('forbidden strings', () => {
  it.each<[JsonValue, string]>([
    [{ a: [{ b: 'x\0y' }] }, '$.a[0].b'],
    [{ 'a\ud800': 1 }, '$.a?'],
    ['\udc00', '$'],
    [['ok', '\ud83d'], '$[1]'],
    [{ s: 'x', t: { u: '\ude00\ud83d' } }, '$.t.u'],
  ])('finds the bad string in %j', (value, path) => {
    expect(findForbiddenString(value)).toBe(path);
  });

  it.each<[JsonValue]>([[{ a: '😀', é: ['\u0001\u001f', null, true, 5] }], [[]], [null]])(
    'finds none in %j',
    (value) => {
      expect(findForbiddenString(value)).toBeUndefined();
    },
  );

  it('reports nesting beyond the limit instead of overflowing the stack', () => {
    expect(findForbiddenString(nested(MAX_JSON_DEPTH))).toBeUndefined();
    expect(findForbiddenString(nested(100_000))).toMatch(/^\$(\[0\])+$/);
  });

  it('tells objects from arrays and null', () => {
    expect([{}, [], null, 'x', 1, undefined].map(isJsonObject)).toEqual([
      true,
      false,
      false,
      false,
      false,
      false,
    ]);
  });
});
