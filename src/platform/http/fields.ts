import type { ApiPropertyOptions } from '@nestjs/swagger';
import { parseAmount } from '../../taler/amount';
import { decodeBase32 } from '../../taler/base32';
import { isEddsaPublicKey } from '../../taler/eddsa';
import { findForbiddenString, isJsonObject, JsonValue } from '../../taler/json';
import { parseRelativeTime, parseTimestamp } from '../../taler/timestamp';
import { named } from '../openapi/named-schemas';
import { field, FieldOptions } from './field';
import type { DtoClass } from './field-registry';

/** Text of a field has a bound even where the protocol names none. */
const TEXT_LENGTH_MAX = 16_384;

/** True for text that PostgreSQL and UTF-8 can hold: no NUL, no unpaired surrogate (conventions.md 8). */
function isStorable(text: string): boolean {
  return findForbiddenString(text) === undefined;
}

/** `"CUR:VALUE[.FRACTION]"` -> Amount (conventions.md 2). */
export const AmountField = (options: FieldOptions = {}) =>
  field(
    {
      parse: parseAmount,
      expects: 'an amount such as "KUDOS:1.5"',
      schema: named('Amount'),
    },
    options,
  );

/** `{"t_s": seconds | "never"}` -> Timestamp (conventions.md 3). */
export const TimestampField = (options: FieldOptions = {}) =>
  field(
    {
      parse: parseTimestamp,
      expects: '{"t_s": seconds} or {"t_s": "never"}',
      schema: named('Timestamp'),
    },
    options,
  );

/** `{"d_us": microseconds | "forever"}` -> RelativeTime (conventions.md 3). */
export const RelativeTimeField = (options: FieldOptions = {}) =>
  field(
    {
      parse: parseRelativeTime,
      expects: '{"d_us": microseconds} or {"d_us": "forever"}',
      schema: named('RelativeTime'),
    },
    options,
  );

/** Crockford base32 of exactly `bytes` bytes -> Buffer (conventions.md 1). */
export const Base32Field = (bytes: number, options: FieldOptions = {}) => {
  const length = Math.ceil((bytes * 8) / 5);
  return field(
    {
      parse: (wire) => (typeof wire === 'string' ? decodeBase32(wire, bytes) : undefined),
      expects: `${bytes} bytes in base32 (${length} characters)`,
      schema: named(`Base32Of${bytes}Bytes`),
    },
    options,
  );
};

/** An Ed25519 public key in base32, a point on the curve -> Buffer. */
export const PublicKeyField = (options: FieldOptions = {}) =>
  field(
    {
      parse: (wire) => {
        const key = typeof wire === 'string' ? decodeBase32(wire, 32) : undefined;
        return key && isEddsaPublicKey(key) ? key : undefined;
      },
      expects: 'an Ed25519 public key in base32 (52 characters)',
      schema: named('EddsaPublicKey'),
    },
    options,
  );

export interface TextOptions extends FieldOptions {
  readonly pattern?: RegExp;
  readonly lengthMin?: number;
  readonly lengthMax?: number;
  readonly accepts?: (text: string) => boolean;
  readonly expects?: string;
}

/** Text without NUL and unpaired surrogates, within its bounds. */
export const TextField = (options: TextOptions = {}) => {
  const { pattern, lengthMin = 0, lengthMax = TEXT_LENGTH_MAX, accepts } = options;
  const parse = (wire: unknown) => {
    if (typeof wire !== 'string' || wire.length < lengthMin || wire.length > lengthMax) return undefined;
    if (pattern && !pattern.test(wire)) return undefined;
    if (accepts && !accepts(wire)) return undefined;
    return isStorable(wire) ? wire : undefined;
  };
  const bounds = { ...(lengthMin > 0 ? { minLength: lengthMin } : {}), maxLength: lengthMax };
  return field(
    {
      parse,
      expects: options.expects ?? `text of ${lengthMin} to ${lengthMax} characters`,
      schema: { type: 'string', ...bounds, ...(pattern ? { pattern: pattern.source } : {}) },
    },
    options,
  );
};

export const EnumField = (values: readonly string[], options: FieldOptions = {}) =>
  field(
    {
      parse: (wire) => (typeof wire === 'string' && values.includes(wire) ? wire : undefined),
      expects: `one of ${values.join(', ')}`,
      schema: { type: 'string', enum: [...values] },
    },
    options,
  );

/** A whole number; JSON numbers beyond 2^53 are refused, since JSON.parse has rounded them already. */
export const IntField = (options: FieldOptions & { minimum?: number; maximum?: number } = {}) => {
  const { minimum = 0, maximum = Number.MAX_SAFE_INTEGER } = options;
  return field(
    {
      parse: (wire) =>
        typeof wire === 'number' && Number.isSafeInteger(wire) && wire >= minimum && wire <= maximum
          ? wire
          : undefined,
      expects: `a whole number from ${minimum} to ${maximum}`,
      schema: { type: 'integer', minimum, maximum },
    },
    options,
  );
};

export const BoolField = (options: FieldOptions = {}) =>
  field(
    {
      parse: (wire) => (typeof wire === 'boolean' ? wire : undefined),
      expects: 'true or false',
      schema: { type: 'boolean' },
    },
    options,
  );

/**
 * A JSON object that is kept exactly as it came: it may be hashed or passed on, so no DTO touches it.
 * `shape` is what the API document shows of it.
 */
export const JsonField = (options: FieldOptions & { shape?: () => DtoClass } = {}) =>
  field(
    {
      parse: (wire) =>
        isJsonObject(wire) && findForbiddenString(wire as JsonValue) === undefined ? wire : undefined,
      expects: 'a JSON object without NUL, unpaired surrogates and numbers beyond the doubles',
      schema: options.shape
        ? nestedSchema(options.shape)
        : ({ type: 'object', additionalProperties: true } as ApiPropertyOptions),
    },
    options,
  );

/** Nest tells a lazy reference from a class by the function's name, which must be `type`. */
function nestedSchema(dto: () => DtoClass, more: object = {}): ApiPropertyOptions {
  return { type: () => dto(), ...more } as ApiPropertyOptions;
}

/** A list of texts. */
export const TextListField = (options: FieldOptions & { lengthMax: number; textLengthMax: number }) =>
  field(
    {
      parse: (wire) =>
        Array.isArray(wire) &&
        wire.length <= options.lengthMax &&
        wire.every(
          (text) => typeof text === 'string' && text.length <= options.textLengthMax && isStorable(text),
        )
          ? wire
          : undefined,
      expects: `at most ${options.lengthMax} texts of at most ${options.textLengthMax} characters`,
      schema: { type: 'array', items: { type: 'string' }, maxItems: options.lengthMax } as ApiPropertyOptions,
    },
    options,
  );

/** Language tag -> text. */
export const I18nField = (options: FieldOptions = {}) =>
  field(
    {
      parse: (wire) =>
        isJsonObject(wire) &&
        Object.values(wire).every((text) => typeof text === 'string') &&
        findForbiddenString(wire as JsonValue) === undefined
          ? wire
          : undefined,
      expects: 'an object from language tag to text',
      schema: { type: 'object', additionalProperties: { type: 'string' } } as ApiPropertyOptions,
    },
    options,
  );

/** A nested DTO. */
export const ObjectField = (dto: () => DtoClass, options: FieldOptions = {}) =>
  field(
    {
      parse: (wire) => wire,
      expects: 'a JSON object',
      schema: nestedSchema(dto),
      nested: dto,
    },
    options,
  );

/** A list of nested DTOs with a stated most number of elements. */
export const ListField = (dto: () => DtoClass, options: FieldOptions & { lengthMax: number }) =>
  field(
    {
      parse: (wire) => wire,
      expects: `an array of at most ${options.lengthMax} objects`,
      schema: nestedSchema(dto, { isArray: true, maxItems: options.lengthMax }),
      nested: dto,
      lengthMax: options.lengthMax,
    },
    options,
  );
