import { encodeBase32 } from '../../taler/base32';
import { eddsaPublicKey } from '../../taler/eddsa';
import { TalerCode } from '../../taler/error-codes';
import { TalerError } from '../../taler/taler-error';
import { FOREVER, NEVER } from '../../taler/timestamp';
import {
  AmountField,
  Base32Field,
  BoolField,
  EnumField,
  I18nField,
  IntField,
  JsonField,
  ListField,
  ObjectField,
  PublicKeyField,
  RelativeTimeField,
  TextField,
  TextListField,
  TimestampField,
} from './fields';
import { TalerValidationPipe, toDto } from './taler-validation.pipe';

const KEY = eddsaPublicKey(Buffer.alloc(32, 1));

class PartDto {
  @TextField()
  name!: string;
  @AmountField({ optional: true })
  price?: unknown;
}
class BaseDto {
  @IntField({ optional: true, minimum: 1, maximum: 10 })
  count?: number;
}
class AllDto extends BaseDto {
  @AmountField({ optional: true })
  amount?: unknown;
  @TimestampField({ optional: true })
  time?: unknown;
  @RelativeTimeField({ optional: true })
  span?: unknown;
  @Base32Field(16, { optional: true })
  bytes?: unknown;
  @PublicKeyField({ optional: true })
  key?: unknown;
  @TextField({ optional: true, lengthMin: 2, lengthMax: 4, pattern: /^[a-z]*$/ })
  text?: string;
  @TextField({
    optional: true,
    code: TalerCode.GENERIC_PAYTO_URI_MALFORMED,
    accepts: (text) => text === 'good',
  })
  picky?: string;
  @EnumField(['a', 'b'], { optional: true })
  choice?: string;
  @BoolField({ optional: true })
  flag?: boolean;
  @JsonField({ optional: true })
  json?: object;
  @I18nField({ optional: true })
  i18n?: object;
  @TextListField({ optional: true, lengthMax: 2, textLengthMax: 3 })
  texts?: string[];
  @ObjectField(() => PartDto, { optional: true })
  part?: PartDto;
  @ListField(() => PartDto, { optional: true, lengthMax: 2 })
  parts?: PartDto[];
}
class RequiredDto {
  @TextField()
  must!: string;
}

function refusal(dto: new () => object, wire: unknown): TalerError {
  try {
    toDto(dto, wire);
  } catch (error) {
    if (error instanceof TalerError) return error;
    throw error;
  }
  throw new Error(`accepted: ${JSON.stringify(wire)}`);
}

describe('fields of a request body', () => {
  it.each<[string, unknown, unknown]>([
    ['amount', 'KUDOS:1.5', { currency: 'KUDOS', units: 150_000_000n }],
    ['time', { t_s: 5 }, 5_000_000n],
    ['time', { t_s: 'never' }, NEVER],
    ['span', { d_us: 5 }, 5n],
    ['span', { d_us: 'forever' }, FOREVER],
    ['bytes', encodeBase32(Buffer.alloc(16, 9)), Buffer.alloc(16, 9)],
    ['bytes', encodeBase32(Buffer.alloc(16, 9)).toLowerCase(), Buffer.alloc(16, 9)],
    // The unused low bits of the last character are ignored (conventions.md 1).
    ['bytes', `${'0'.repeat(25)}3`, Buffer.alloc(16)],
    ['key', encodeBase32(KEY), KEY],
    ['count', 1, 1],
    ['count', 10, 10],
    ['text', 'ab', 'ab'],
    ['text', 'abcd', 'abcd'],
    ['picky', 'good', 'good'],
    ['choice', 'b', 'b'],
    ['flag', false, false],
    ['json', { a: [null, 1.5] }, { a: [null, 1.5] }],
    ['i18n', { de: 'ja', fr: '' }, { de: 'ja', fr: '' }],
    ['texts', ['abc', ''], ['abc', '']],
    [
      'part',
      { name: 'x', price: 'KUDOS:1' },
      { name: 'x', price: { currency: 'KUDOS', units: 100_000_000n } },
    ],
    ['parts', [], []],
    ['parts', [{ name: 'x' }], [{ name: 'x' }]],
  ])('%s takes %j', (name, wire, typed) => {
    expect((toDto(AllDto, { [name]: wire }) as unknown as Record<string, unknown>)[name]).toEqual(typed);
  });

  it.each<[string, unknown, string?]>([
    ['amount', 'KUDOS'],
    ['amount', 1],
    ['amount', ['KUDOS:1']],
    ['amount', 'KUDOS:1.123456789'],
    ['amount', 'KUDOS:4503599627370497'],
    ['time', 5],
    ['time', { t_s: -1 }],
    ['time', { t_s: 1.5 }],
    ['time', { t_s: 2 ** 53 }],
    ['time', { t_s: 'soon' }],
    ['time', '2026-01-01'],
    ['span', { d_us: -1 }],
    ['span', { d_us: 'never' }],
    ['span', { d_ms: 1 }],
    ['bytes', ''],
    ['bytes', '0'.repeat(25)],
    ['bytes', '0'.repeat(27)],
    ['bytes', `${'0'.repeat(25)}!`],
    ['key', encodeBase32(Buffer.alloc(32, 2))],
    ['count', 0],
    ['count', 11],
    ['count', 1.5],
    ['count', '5'],
    ['count', 2 ** 53],
    ['count', true],
    ['text', 'a'],
    ['text', 'abcde'],
    ['text', 'AB'],
    ['text', 5],
    ['text', ['ab']],
    ['choice', 'c'],
    ['choice', 'toString'],
    ['flag', 0],
    ['flag', 'true'],
    ['json', []],
    ['json', 'text'],
    ['json', { a: { b: ['NUL \0'] } }],
    ['json', { 'lone \ud800': 1 }],
    ['i18n', { de: 1 }],
    ['i18n', { de: 'NUL \0' }],
    ['i18n', []],
    ['texts', 'abc'],
    ['texts', ['a', 'b', 'c']],
    ['texts', ['abcd']],
    ['texts', [5]],
    ['texts', ['\0']],
    ['part', 'text'],
    ['part', []],
    ['part', {}, 'part.name'],
    ['part', { name: null }, 'part.name'],
    ['part', { name: 'x', price: 1 }, 'part.price'],
    ['parts', {}],
    ['parts', [{ name: 'x' }, { name: 'y' }, { name: 'z' }]],
    ['parts', [null], 'parts[0]'],
    ['parts', [{ name: 'x' }, 5], 'parts[1]'],
    ['parts', [{ name: 'x' }, { name: 5 }], 'parts[1].name'],
    ['parts', [{ name: 'x', price: '1' }], 'parts[0].price'],
  ])('%s refuses %j and is named', (name, wire, path = name) => {
    const error = refusal(AllDto, { [name]: wire });
    expect(error).toMatchObject({
      code: TalerCode.GENERIC_PARAMETER_MALFORMED,
      status: 400,
      extra: { field: path },
    });
    expect(error.detail).toContain(`${path}: must be `);
  });

  it('refuse text with NUL or an unpaired surrogate', () => {
    for (const must of ['a\0b', 'a\ud800', '\udc00']) {
      expect(refusal(RequiredDto, { must })).toMatchObject({ code: 26, extra: { field: 'must' } });
    }
    expect(toDto(RequiredDto, { must: 'paired \u{1f600}' })).toEqual({ must: 'paired \u{1f600}' });
  });

  it('have the code that they name instead of 26', () => {
    expect(refusal(AllDto, { picky: 'bad' })).toMatchObject({
      code: TalerCode.GENERIC_PAYTO_URI_MALFORMED,
      status: 400,
    });
  });

  it('treat null as absent', () => {
    const names = [
      'amount',
      'time',
      'span',
      'bytes',
      'key',
      'count',
      'text',
      'choice',
      'flag',
      'json',
      'part',
      'parts',
    ];
    expect({ ...toDto(AllDto, Object.fromEntries(names.map((name) => [name, null]))) }).toEqual({});
    expect(refusal(RequiredDto, { must: null })).toMatchObject({ extra: { field: 'must' } });
    expect(refusal(RequiredDto, {})).toMatchObject({ status: 400, extra: { field: 'must' } });
  });

  it('ignore members they do not know, the prototype included', () => {
    const wire = JSON.parse('{"must":"x","other":1,"__proto__":{"polluted":true},"constructor":5}') as object;
    const dto = toDto(RequiredDto, wire);
    expect({ ...dto }).toEqual({ must: 'x' });
    expect(dto).not.toHaveProperty('polluted');
    expect(refusal(RequiredDto, Object.create({ must: 'inherited' }) as object)).toMatchObject({
      extra: { field: 'must' },
    });
  });

  it('leave the wire value as it was', () => {
    const wire = Object.freeze({ amount: 'KUDOS:1', part: Object.freeze({ name: 'x', price: 'KUDOS:2' }) });
    toDto(AllDto, wire);
    expect(wire).toEqual({ amount: 'KUDOS:1', part: { name: 'x', price: 'KUDOS:2' } });
  });
});

describe('the validation pipe', () => {
  const pipe = new TalerValidationPipe();

  it.each([null, [], 'text', 5, true])('refuses a body of %j', (body) => {
    expect(() => pipe.transform(body, { type: 'body', metatype: RequiredDto })).toThrow(
      expect.objectContaining({ code: 26, detail: 'the body must be a JSON object' }),
    );
  });

  it('says that a missing body is no JSON', () => {
    expect(() => pipe.transform(undefined, { type: 'body', metatype: RequiredDto })).toThrow(
      expect.objectContaining({ code: TalerCode.GENERIC_JSON_INVALID }),
    );
  });

  it('leaves everything else alone', () => {
    expect(pipe.transform('x', { type: 'param', metatype: RequiredDto })).toBe('x');
    expect(pipe.transform({ a: 1 }, { type: 'body', metatype: Object })).toEqual({ a: 1 });
    expect(pipe.transform({ a: 1 }, { type: 'body' })).toEqual({ a: 1 });
  });

  it('makes the DTO of a body', () => {
    const dto = pipe.transform({ must: 'x' }, { type: 'body', metatype: RequiredDto });
    expect(dto).toBeInstanceOf(RequiredDto);
  });
});
