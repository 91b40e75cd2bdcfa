/**
 * What an OpenAPI 3.0 document must look like, as far as ours goes (OpenAPI Specification 3.0.3, chapter 4.7). Kept by
 * hand and closed: a member that the specification does not have, or a kind of thing that nobody used so far, is a fault.
 */
const text = { type: 'string', minLength: 1 };

function closed(
  properties: Record<string, object>,
  required: readonly string[] = [],
  patternProperties = {},
): object {
  return {
    type: 'object',
    properties,
    required,
    patternProperties: { '^x-': {}, ...patternProperties },
    additionalProperties: false,
  };
}

const mapOf = (schema: object): object => ({ type: 'object', additionalProperties: schema });
const to = (name: string): object => ({ $ref: `#/definitions/${name}` });

const server = closed(
  {
    url: text,
    description: text,
    variables: mapOf(closed({ default: text, description: text, enum: { type: 'array' } }, ['default'])),
  },
  ['url'],
);

const schema = {
  oneOf: [
    closed({ $ref: { type: 'string', pattern: '^#/components/schemas/[A-Za-z0-9]+$' } }, ['$ref']),
    closed({
      type: { enum: ['object', 'array', 'string', 'integer', 'number', 'boolean'] },
      properties: mapOf(to('schema')),
      required: { type: 'array', items: text, minItems: 1, uniqueItems: true },
      additionalProperties: { oneOf: [{ type: 'boolean' }, to('schema')] },
      items: to('schema'),
      allOf: { type: 'array', items: to('schema'), minItems: 1 },
      oneOf: { type: 'array', items: to('schema'), minItems: 1 },
      enum: { type: 'array', minItems: 1, uniqueItems: true },
      description: text,
      pattern: { type: 'string', format: 'regex' },
      format: text,
      minLength: { type: 'integer' },
      maxLength: { type: 'integer' },
      minimum: { type: 'number' },
      maximum: { type: 'number' },
      minItems: { type: 'integer' },
      maxItems: { type: 'integer' },
      deprecated: { type: 'boolean' },
      example: {},
    }),
  ],
};

const content = {
  type: 'object',
  minProperties: 1,
  patternProperties: { '^[a-z]+/[a-z.+-]+$': closed({ schema: to('schema') }, ['schema']) },
  additionalProperties: false,
};

const response = closed(
  {
    description: text,
    headers: mapOf(
      closed({ description: text, required: { type: 'boolean' }, schema: to('schema') }, [
        'description',
        'schema',
      ]),
    ),
    content,
  },
  ['description'],
);

const parameter = closed(
  {
    name: text,
    in: { enum: ['path', 'query', 'header'] },
    description: text,
    required: { type: 'boolean' },
    schema: to('schema'),
  },
  ['name', 'in', 'description', 'schema'],
);

const operation = closed(
  {
    tags: { type: 'array', items: text, minItems: 1 },
    summary: text,
    description: text,
    operationId: { type: 'string', pattern: '^[a-z][A-Za-z0-9]*$' },
    parameters: { type: 'array', items: parameter, minItems: 1 },
    requestBody: closed({ required: { type: 'boolean' }, content, description: text }, ['content']),
    responses: {
      type: 'object',
      minProperties: 1,
      patternProperties: { '^[1-5]\\d\\d$': response },
      additionalProperties: false,
    },
    security: { type: 'array', items: mapOf({ type: 'array', items: text }), minItems: 1 },
  },
  ['tags', 'summary', 'operationId', 'responses', 'x-permission'],
);

const methods = Object.fromEntries(
  ['get', 'post', 'put', 'patch', 'delete'].map((method) => [method, operation]),
);

export const OPENAPI_META = {
  definitions: { schema },
  ...closed(
    {
      openapi: { type: 'string', pattern: '^3\\.0\\.\\d$' },
      info: closed(
        {
          title: text,
          version: text,
          description: text,
          license: closed({ name: text, url: { type: 'string', pattern: '^https://' } }, ['name']),
        },
        ['title', 'version', 'description', 'license'],
      ),
      servers: { type: 'array', items: server, minItems: 1 },
      tags: { type: 'array', items: closed({ name: text, description: text }, ['name', 'description']) },
      paths: {
        type: 'object',
        patternProperties: {
          '^/': closed({ ...methods, servers: { type: 'array', items: server, minItems: 1 } }),
        },
        additionalProperties: false,
      },
      components: closed(
        {
          schemas: mapOf(to('schema')),
          securitySchemes: mapOf(
            closed({ type: { enum: ['http'] }, scheme: { enum: ['basic', 'bearer'] }, description: text }, [
              'type',
              'scheme',
            ]),
          ),
        },
        ['schemas', 'securitySchemes'],
      ),
    },
    ['openapi', 'info', 'servers', 'tags', 'paths', 'components'],
  ),
};
