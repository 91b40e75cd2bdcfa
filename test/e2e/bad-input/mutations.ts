import fc from 'fast-check';
import { changeAt, JsonTree, leaf, toTree, write } from './json-tree';

const text = (value: unknown): string => JSON.stringify(value);
const nested = (depth: number, open: string, close: string): string =>
  open.repeat(depth) + '0' + close.repeat(depth);

/** Each type of JSON, and what numbers can be like that no double holds. */
const TYPES = [
  'null',
  'true',
  'false',
  '0',
  '1',
  '-1',
  '""',
  '"x"',
  '[]',
  '{}',
  '[[]]',
  '[null]',
  '{"":null}',
];
const NUMBERS = [
  '-0',
  '1.0',
  '1.5',
  '1e3',
  '1E400',
  '-1E400',
  '1e-400',
  '4503599627370497',
  '9007199254740992',
  '9007199254740993',
  '-9007199254740993',
  '9223372036854775807',
  '9223372036854775808',
  '123456789012345678901234567890',
  '2147483648',
];
const AMOUNTS = [
  'KUDOS:4503599627370496',
  'KUDOS:4503599627370497',
  'KUDOS:4503599627370496.99999999',
  'KUDOS:99999999999999999999',
  'KUDOS:1.123456789',
  'KUDOS:1.',
  'KUDOS:.5',
  'KUDOS:',
  'KUDOS:-1',
  '-KUDOS:1',
  'KUDOS:1e3',
  'KUDOS:1,5',
  'KUDOS:0',
  'KUDOS:0.00000001',
  'KUDOS',
  'kudos:1',
  'EUR:1',
  'ABCDEFGHIJKL:1',
  ' KUDOS:1',
  'KUDOS:1 ',
].map(text);
const TIMES = [
  '{"t_s":"never"}',
  '{"t_s":"NEVER"}',
  '{"t_s":0}',
  '{"t_s":1}',
  '{"t_s":-1}',
  '{"t_s":1.5}',
  '{"t_s":"1"}',
  '{"t_s":null}',
  '{"t_s":9223372036854}',
  '{"t_s":9223372036855}',
  '{"t_s":9007199254740991}',
  '{"t_s":99999999999999999999}',
  '{"t_s":253402300800}',
  '{"t_ms":1}',
  '{"d_us":"forever"}',
  '{"d_us":0}',
  '{"d_us":-1}',
  '{"d_us":0.5}',
  '{"d_us":9007199254740991}',
  '{"d_us":9007199254740992}',
  '{"d_us":9223372036854775807}',
  '1700000000',
  '"2026-01-01T00:00:00Z"',
];
/** y = 2 belongs to no point of the curve; y = 1 is the neutral element; all ones is beyond the field. */
const BINARIES = [
  '0800000000000000000000000000000000000000000000000000',
  '0400000000000000000000000000000000000000000000000000',
  '0'.repeat(52),
  'Z'.repeat(52),
  '0'.repeat(51),
  '0'.repeat(53),
  '0'.repeat(103),
  'Z'.repeat(103),
  '0'.repeat(104),
  '0'.repeat(26),
  `${'0'.repeat(51)}!`,
  `${'0'.repeat(25)}-${'0'.repeat(26)}`,
  `${'0'.repeat(51)}\u00e9`,
].map(text);
const STRINGS = [
  '"\\u0000"',
  '"a\\u0000b"',
  '"\\ud800"',
  '"\\udfff\\ud800"',
  '"\\uFFFF"',
  '"\u2028"',
  '"\\u202e"',
  '"%00"',
  '"../.."',
  '"a/b"',
  '"%2e%2e%2f"',
  '"${ORDER_ID}${ORDER_ID}"',
  '"$&$1"',
  '"\'; drop table orders; --"',
  '"javascript:alert(1)"',
  '"http://"',
  '"http://["',
  '"http://[::1]:99999/"',
  '"https://example.com/?#"',
  '"payto://"',
  '"payto://iban/XX00?receiver-name=x"',
  '"payto://x/%"',
  '"constructor"',
  '"__proto__"',
  text('a'.repeat(300)),
  text('a'.repeat(20_000)),
  text('\u00e4'.repeat(200_000)),
];
const SHAPES = [
  nested(60, '[', ']'),
  nested(64, '[', ']'),
  nested(2000, '[', ']'),
  nested(60, '{"a":', '}'),
  nested(20_000, '{"a":', '}'),
  `[${'0,'.repeat(3000)}0]`,
  `[${'"x",'.repeat(3000)}"x"]`,
  `[${'{},'.repeat(3000)}{}]`,
  `{${Array.from({ length: 3000 }, (_, index) => `"m${index}":0`).join()}}`,
  '{"$forgettable":{"a":true},"a":1}',
  '{"$forgettable":{"a":null},"a":1}',
  '{"$forgettable":{"b":true}}',
  '{"$forgettable":7}',
  '{"$forgotten":{"a":"x"}}',
  '{"$forgotten":{"a":null},"$forgettable":{"a":true},"a":1}',
  '{"\\ud800":1}',
  '{"\\u0000":1}',
  '{"\u00e4 \u00f6":1}',
  '{"__proto__":{"polluted":true}}',
  '{"constructor":{"prototype":{"polluted":true}}}',
];
/** Values that are wrong, or at least odd, in most places. */
const ODD_VALUES = [...TYPES, ...NUMBERS, ...AMOUNTS, ...TIMES, ...BINARIES, ...STRINGS, ...SHAPES];

/** Members that no schema knows, and some that a careless merge would take for its own. */
const ODD_NAMES = [
  '__proto__',
  'constructor',
  'toString',
  'hasOwnProperty',
  'toJSON',
  '',
  '$forgettable',
  '$forgotten',
];

type Change = (value: JsonTree) => readonly JsonTree[];

const oddValue = fc.oneof(
  { arbitrary: fc.constantFrom(...ODD_VALUES), weight: 5 },
  { arbitrary: fc.json({ maxDepth: 3 }), weight: 1 },
);

/** One way to spoil one value. */
function change(names: readonly string[]): fc.Arbitrary<Change> {
  const member = fc.record({ name: fc.constantFrom(...ODD_NAMES, ...names), odd: oddValue });
  return fc.oneof(
    { weight: 6, arbitrary: oddValue.map((odd) => () => [leaf(odd)]) },
    { weight: 2, arbitrary: fc.constant(() => []) },
    { weight: 1, arbitrary: fc.constant((value: JsonTree) => [value, value]) },
    { weight: 1, arbitrary: oddValue.map((odd) => (value: JsonTree) => [leaf(odd), value]) },
    { weight: 1, arbitrary: oddValue.map((odd) => (value: JsonTree) => [value, leaf(odd)]) },
    { weight: 1, arbitrary: fc.constant((value: JsonTree) => [{ kind: 'array', items: [value] } as const]) },
    {
      weight: 1,
      arbitrary: fc.constant((value: JsonTree) => [
        { kind: 'object', members: [{ name: 'x', value }] } as const,
      ]),
    },
    { weight: 3, arbitrary: member.map(({ name, odd }) => withMember(name, leaf(odd))) },
    { weight: 4, arbitrary: stringChange() },
  );
}

/** Adds a member to an object; any other value becomes an object with this member alone. */
function withMember(name: string, value: JsonTree): Change {
  return (tree) => {
    const members = tree.kind === 'object' ? tree.members : [];
    return [{ kind: 'object', members: [...members, { name, value }] }];
  };
}

/** Spoils text a little; what is no text stays as it is. */
function stringChange(): fc.Arbitrary<Change> {
  const at = fc.nat(200);
  const edits: fc.Arbitrary<(inner: string) => string>[] = [
    fc.constant((inner) => inner.slice(0, -1)),
    fc.constant((inner) => `${inner}0`),
    fc.constant((inner) => inner.toLowerCase()),
    fc.constant((inner) => `${inner}\\u0000`),
    fc.constant((inner) => `\\ud800${inner}`),
    fc.constant((inner) => ` ${inner}`),
    fc.constant((inner) => inner.repeat(50)),
    fc
      .record({ at, other: fc.constantFrom('0', '1', 'Z', 'U', 'o', '!', '-', ':', '/', '%', '\u00e9') })
      .map(({ at: place, other }) => (inner: string) => {
        const index = inner.length === 0 ? 0 : place % inner.length;
        return inner.slice(0, index) + other + inner.slice(index + 1);
      }),
  ];
  return fc.oneof(...edits).map((edit) => (tree) => {
    if (tree.kind !== 'leaf' || !tree.text.startsWith('"')) return [tree];
    return [leaf(`"${edit(tree.text.slice(1, -1))}"`)];
  });
}

/** What is done to the bytes of a body, on top of what was done to its values. */
const BYTE_CHANGES: readonly ((body: Buffer) => Buffer)[] = [
  () => Buffer.alloc(0),
  (body) => body.subarray(0, Math.floor(body.length / 2)),
  (body) => body.subarray(0, -1),
  (body) => Buffer.concat([Buffer.from('\ufeff'), body]),
  (body) => Buffer.concat([body, Buffer.from('}')]),
  (body) => Buffer.concat([body, Buffer.from(' \n\t')]),
  (body) => Buffer.concat([body, Buffer.from([0])]),
  (body) => Buffer.concat([Buffer.from([0xc3]), body]),
  (body) => Buffer.from(body.toString('latin1').replace('"', '"\u00ff'), 'latin1'),
  (body) => Buffer.from(body.toString('utf8').replaceAll('"', "'")),
  (body) => Buffer.from(body.toString('utf8'), 'utf16le'),
  () => Buffer.from('undefined'),
  () => Buffer.from('NaN'),
];

/** A spoiled body: made from the valid one of the moment, since that changes whenever a run succeeds. */
export interface Mutation {
  apply(valid: unknown): Buffer;
}

/**
 * Mutations of a request body: one to three spoiled values, now and then also spoiled bytes.
 * @param names further member names to be given odd values: those that the valid request leaves out
 */
export function mutation(names: readonly string[] = []): fc.Arbitrary<Mutation> {
  const steps = fc.array(fc.record({ place: fc.nat(10_000), change: change(names) }), {
    minLength: 1,
    maxLength: 3,
  });
  const bytes = fc.option(fc.constantFrom(...BYTE_CHANGES), { freq: 8, nil: undefined });
  return fc.record({ steps, bytes }).map(({ steps: changes, bytes: spoil }) => ({
    // The message of the failure shows the body, which says more than the steps.
    [fc.toStringMethod]: () => 'the body below',
    apply: (valid) => {
      const tree = changes.reduce((at, step) => changeAt(at, step.place, step.change), toTree(valid));
      const body = Buffer.from(write(tree));
      return spoil ? spoil(body) : body;
    },
  }));
}
