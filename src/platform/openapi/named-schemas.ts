import type { ApiPropertyOptions, ApiResponseSchemaHost } from '@nestjs/swagger';

export type SchemaObject = ApiResponseSchemaHost['schema'];

/** Marks a property whose schema is one of `NAMED_SCHEMAS`; `tidySchemas` turns it into a reference. */
export const NAMED = 'x-schema';

/** Sizes of the fixed-size binary values in the API: claim tokens and salts, keys and short hashes, hashes and signatures. */
const BASE32_BYTES = [16, 32, 64] as const;

/** What the whole API has in common, by the name of its schema. */
export const NAMED_SCHEMAS: Readonly<Record<string, SchemaObject>> = {
  Amount: {
    type: 'string',
    description: 'Currency, whole units up to 2^52 and at most 8 decimals (conventions.md 2).',
    pattern: '^\\s*[A-Z]{1,11}:(\\d+(\\.\\d{1,8})?|\\.\\d{1,8})$',
    example: 'KUDOS:1.5',
  },
  Timestamp: {
    type: 'object',
    description: 'Seconds since 1970 UTC (conventions.md 3).',
    properties: { t_s: secondsOr('never') },
    required: ['t_s'],
    example: { t_s: 1795132800 },
  },
  RelativeTime: {
    type: 'object',
    description: 'A span in microseconds, below 2^53 (conventions.md 3).',
    properties: { d_us: secondsOr('forever') },
    required: ['d_us'],
    example: { d_us: 3600000000 },
  },
  EddsaPublicKey: base32(32, 'An Ed25519 public key, 32 bytes in base32 (conventions.md 1).'),
  ...Object.fromEntries(
    BASE32_BYTES.map((bytes) => [
      `Base32Of${bytes}Bytes`,
      base32(bytes, `${bytes} bytes in the base32 of Crockford (conventions.md 1).`),
    ]),
  ),
  ErrorDetail: {
    type: 'object',
    description: 'The body of every error answer (conventions.md 7). Some codes bring further members.',
    properties: {
      code: {
        type: 'integer',
        minimum: 1,
        description: 'the number of the error; the interface for programs',
      },
      hint: { type: 'string', description: 'fixed English text of the code' },
      detail: { type: 'string', description: 'what is to blame: a member, an id, a path' },
      field: { type: 'string', description: 'path of the faulty member of the body' },
      request_id: { type: 'string', description: 'as in X-Request-Id and in the log' },
      exchange_url: { type: 'string', description: 'base URL of the exchange concerned' },
      exchange_http_status: { type: 'integer', description: 'what the exchange answered; 0: nothing' },
      exchange_code: { type: 'integer', description: 'error code of the exchange; 0: none' },
      exchange_ec: { type: 'integer', deprecated: true, description: 'the same as exchange_code' },
      exchange_reply: { description: 'body of the exchange, verbatim' },
      exchange_base_urls: { type: 'array', items: { type: 'string' }, description: 'exchanges that refused' },
      exchange_rejections: {
        type: 'array',
        description: 'exchanges that cannot be used for an order, and why (orders.md 4.1)',
        items: {
          type: 'object',
          properties: {
            exchange_url: { type: 'string' },
            code: { type: 'integer', minimum: 1 },
            hint: { type: 'string' },
          },
          required: ['exchange_url', 'code', 'hint'],
        },
      },
      refunds: { type: 'array', items: { $ref: '#/components/schemas/ExcessRefund' } },
    },
    required: ['code', 'hint', 'request_id'],
    additionalProperties: true,
  },
};

/** The schema of a DTO's property that is the named one. */
export function named(name: string): ApiPropertyOptions {
  return { type: 'string', [NAMED]: name } as ApiPropertyOptions;
}

/** A reference to a named schema, for query parameters. */
export function ref(name: string): SchemaObject {
  return { $ref: `#/components/schemas/${name}` } as unknown as SchemaObject;
}

/** A yes/no query parameter (orders.md 2.4). */
export const YES_NO: SchemaObject = {
  type: 'string',
  pattern: '^([yY][eE][sS]|[nN][oO]|[aA][lL][lL])$',
  example: 'YES',
};

/** A number of milliseconds or seconds to wait. */
export const WAIT: SchemaObject = { type: 'integer', minimum: 0, maximum: 999_999_999_999_999 };

function secondsOr(word: string): SchemaObject {
  return {
    oneOf: [
      { type: 'integer', minimum: 0 },
      { type: 'string', enum: [word] },
    ],
  };
}

/** Readers take look-alikes and lower case too, writers use the alphabet's upper case. */
function base32(bytes: number, description: string): SchemaObject {
  const length = Math.ceil((bytes * 8) / 5);
  return { type: 'string', description, minLength: length, maxLength: length, pattern: '^[0-9A-Za-z]*$' };
}
