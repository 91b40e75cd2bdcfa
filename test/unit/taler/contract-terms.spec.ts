import fc from 'fast-check';
import { encodeBase32 } from '../../../src/taler/base32';
import {
  ContractError,
  forget,
  type ForgetPath,
  hashContract,
  parseForgetPath,
  saltForgettable,
} from '../../../src/taler/contract-terms';
import {
  findForbiddenString,
  findInexactNumber,
  isJsonObject,
  type JsonObject,
  type JsonValue,
} from '../../../src/taler/json';
import { type Cursor, readFixture, readVectors } from './support/vectors';

const reference = readFixture('400-reference-values.json');

function mustParsePath(text: string): ForgetPath {
  const path = parseForgetPath(text);
  if (path === undefined) throw new Error(`bad path ${text}`);
  return path;
}

function pathOf(step: Cursor): string {
  const steps = step
    .at('path')
    .items.map(({ json }) => (typeof json === 'number' ? `[${json}]` : `.${String(json)}`));
  return `$${steps.join('')}.${step.at('field').text}`;
}

function kindOf(compute: () => unknown): string {
  try {
    compute();
  } catch (error) {
    if (error instanceof ContractError) return error.kind;
    throw error;
  }
  return 'no error';
}

describe('contract hash', () => {
  it.each(reference.at('contract_hash').items.map((row) => [row.at('text').text, row.at('answer')] as const))(
    'of %s is that of the recorded exchange, or both refuse',
    (text, answer) => {
      if (findInexactNumber(text) !== undefined) {
        // Reals have no hash in C either; integers between 2^53 and 2^63 have one there and none here.
        return expect(answer.has('hash') && !/\d{16}/.test(text)).toBe(false);
      }
      const value = JSON.parse(text) as JsonValue;
      if (findForbiddenString(value) !== undefined) return expect(answer.at('parse').value).toBe(false);
      if (!answer.has('hash') || answer.at('result').value !== 1) {
        return expect(kindOf(() => hashContract(value))).toBe('malformed');
      }
      expect(encodeBase32(hashContract(value))).toBe(answer.at('hash').text);
    },
  );

  it.each(
    readVectors('contract-hash-forget.json')
      .at('vectors')
      .items.map((row) => [row]),
  )('stays the same while members are forgotten step by step (row %#)', (row) => {
    let terms = row.at('contract').object;
    expect(encodeBase32(hashContract(terms))).toBe(row.at('contract_hash').text);
    for (const step of row.at('after').items) {
      const before = structuredClone(terms);
      const result = forget(terms, mustParsePath(pathOf(step.at('forget'))));
      expect(result.outcome).toBe('forgotten');
      expect(result.terms).toEqual(step.at('contract').object);
      expect(terms).toEqual(before);
      expect(encodeBase32(hashContract(result.terms))).toBe(step.at('contract_hash').text);
      expect(step.at('contract_hash').text).toBe(row.at('contract_hash').text);
      expect(forget(result.terms, mustParsePath(pathOf(step.at('forget')))).outcome).toBe('already');
      terms = result.terms;
    }
  });

  it.each(reference.at('forget').items.map((row) => [row]))(
    'agrees with the recorded exchange on forgetting (row %#)',
    (row) => {
      const terms = JSON.parse(row.at('text').text) as JsonObject;
      const path = mustParsePath(`$.${row.at('field').text}`);
      expect(encodeBase32(hashContract(terms))).toBe(row.at('answer', 'hash').text);
      if (row.at('answer', 'result').number === 1) {
        expect(forget(terms, path)).toEqual({ outcome: 'forgotten', terms: row.at('answer', 'after').json });
      } else if (isJsonObject(terms.$forgotten)) {
        // C reports an error here; to forget again is a no-op in the REST API.
        expect(forget(terms, path)).toEqual({ outcome: 'already', terms });
      } else {
        expect(kindOf(() => forget(terms, path))).toBe('not-forgettable');
      }
    },
  );

  it('changes with every member that is not forgotten', () => {
    const terms = { a: 1, b: { c: [1, 2], $forgettable: { c: 's' } } };
    const others = [
      { ...terms, a: 2 },
      { ...terms, b: { ...terms.b, c: [2, 1] } },
      { ...terms, d: null },
      { a: 1, b: {} },
    ];
    const hashes = new Set([terms, ...others].map((other) => encodeBase32(hashContract(other))));
    expect(hashes.size).toBe(5);
  });

  it.each<[JsonObject, string]>([
    [{ a: 1, $forgettable: [] }, '$.$forgettable'],
    [{ a: 1, $forgettable: { a: 5 } }, '$.$forgettable.a'],
    [{ b: [{ a: 1, $forgotten: 'x' }] }, '$.b[0].$forgotten'],
    [{ a: 0.5 }, '$'],
  ])('is refused for %j', (terms, path) => {
    expect(() => hashContract(terms)).toThrow(expect.objectContaining({ kind: 'malformed', path }));
  });

  it('treats members with the names of object methods as members', () => {
    const terms = JSON.parse(
      '{"constructor":1,"__proto__":{"x":1},"$forgettable":{"__proto__":"s"}}',
    ) as JsonObject;
    const { terms: after, outcome } = forget(terms, mustParsePath('$.__proto__'));
    expect(outcome).toBe('forgotten');
    expect(Object.keys(after).sort()).toEqual(['$forgettable', '$forgotten', 'constructor']);
    expect(hashContract(after)).toEqual(hashContract(terms));
  });
});

describe('salting an order', () => {
  it('replaces true by a salt at every depth, keeps salts that are there, and the order of members', () => {
    let count = 0;
    const order = {
      z: 1,
      $forgettable: { z: true, a: 'kept' },
      a: [{ b: 'x', $forgettable: { b: true } }],
    } satisfies JsonObject;
    const before = structuredClone(order);
    const salted = saltForgettable(order, () => `salt${(count += 1)}`);
    expect(JSON.stringify(salted)).toBe(
      '{"z":1,"$forgettable":{"z":"salt1","a":"kept"},"a":[{"b":"x","$forgettable":{"b":"salt2"}}]}',
    );
    expect(order).toEqual(before);
  });

  it.each<[JsonObject, string]>([
    [{ a: 1, $forgettable: { a: false } }, '$.$forgettable.a'],
    [{ a: 1, $forgettable: { a: 1 } }, '$.$forgettable.a'],
    [{ a: 1, $forgettable: { missing: true } }, '$.$forgettable.missing'],
    [{ 'a-b': 1, $forgettable: { 'a-b': true } }, '$.$forgettable.a-b'],
    [{ $forgettable: { $forgettable: true } }, '$.$forgettable.$forgettable'],
    [{ a: 1, $forgettable: true }, '$.$forgettable'],
    [{ x: { a: 1, $forgotten: { b: 'short' } } }, '$.x.$forgotten.b'],
    [{ a: 1, $forgettable: { a: true }, $forgotten: { a: '0'.repeat(103) } }, '$.$forgettable.a'],
  ])('refuses %j', (order, path) => {
    expect(() => saltForgettable(order, () => 'salt')).toThrow(
      expect.objectContaining({ kind: 'malformed', path }),
    );
  });
});

describe('forget paths', () => {
  it('reads names, elements and all elements', () => {
    expect(parseForgetPath('$.products[0].taxes[*].name')).toEqual([
      { kind: 'member', name: 'products' },
      { kind: 'element', index: 0 },
      { kind: 'member', name: 'taxes' },
      { kind: 'every-element' },
      { kind: 'member', name: 'name' },
    ]);
  });

  it.each([
    '',
    '$',
    'a',
    '.a',
    '$a',
    '$.',
    '$.a.',
    '$..a',
    '$.a[0]',
    '$.a[*]',
    '$[0].a',
    '$.a[].b',
    '$.a[-1].b',
    '$.a[x].b',
    '$.a[0]b',
    '$.a-b',
    '$.$forgettable.a',
    '$.a b',
    `$${'.a'.repeat(33)}`,
  ])('refuses %p', (path) => {
    expect(parseForgetPath(path)).toBeUndefined();
  });

  const terms: JsonObject = {
    products: [
      { description: 'a', $forgettable: { description: 's1' } },
      { description: 'b', $forgettable: { description: 's2' } },
      { other: 1 },
      'text',
    ],
  };

  it('forgets in all elements at once and leaves the contract hash as it was', () => {
    const result = forget(terms, mustParsePath('$.products[*].description'));
    expect(result.outcome).toBe('forgotten');
    expect(JSON.stringify(result.terms)).not.toMatch(/"description":"[ab]"/);
    expect(hashContract(result.terms)).toEqual(hashContract(terms));
  });

  it.each(['$.nothing', '$.products[9].description', '$.products.description', '$.products[3].x'])(
    'ignores %s, which matches nothing',
    (path) => {
      expect(forget(terms, mustParsePath(path))).toEqual({ terms, outcome: 'nothing' });
    },
  );

  it('refuses to forget what is not forgettable, even if other matches are', () => {
    const mixed: JsonObject = { p: [{ d: 1, $forgettable: { d: 's' } }, { d: 2 }] };
    expect(() => forget(mixed, mustParsePath('$.p[*].d'))).toThrow(
      expect.objectContaining({ kind: 'not-forgettable', path: '$.p[1].d' }),
    );
  });

  it('keeps the contract hash whichever members are forgotten in whichever order', () => {
    const names = ['a', 'b', 'c', 'd'];
    const contract: JsonObject = {
      a: { x: [1, { y: 2 }] },
      b: 'text',
      c: null,
      d: { x: 'inner', $forgettable: { x: 'salt of x' } },
      e: 5,
      $forgettable: Object.fromEntries(names.map((name) => [name, `salt of ${name}`])),
    };
    const hash = hashContract(contract);
    const paths = ['$.d.x', ...names.map((name) => `$.${name}`)];
    fc.assert(
      fc.property(fc.shuffledSubarray(paths), (chosen) => {
        const after = chosen.reduce((current, path) => forget(current, mustParsePath(path)).terms, contract);
        expect(hashContract(after)).toEqual(hash);
      }),
      { numRuns: 50 },
    );
  });
});
