import { applyDecorators, HttpCode } from '@nestjs/common';
import {
  ApiExtraModels,
  ApiHeader,
  ApiOperation,
  ApiQuery,
  ApiResponse,
  getSchemaPath,
} from '@nestjs/swagger';
import type { ApiResponseSchemaHost } from '@nestjs/swagger';
import { errorFacts, TalerCode } from '../../taler/error-codes';
import type { DtoClass } from '../http/field-registry';

type SchemaObject = ApiResponseSchemaHost['schema'];

/** An answer that is no error. */
export interface GoodAnswer {
  readonly description: string;
  /** Shape of the body; several: one of them; none: no body. */
  readonly body?: DtoClass | readonly DtoClass[] | SchemaObject;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface QueryParameter {
  readonly name: string;
  readonly description: string;
  readonly required?: boolean;
  readonly schema?: SchemaObject;
}

export interface OperationFacts {
  /** One line, as the reference names the call. */
  readonly summary: string;
  readonly description?: string;
  /** Status -> answer. The first status is the one Nest sends unless the handler says otherwise. */
  readonly good: Readonly<Record<number, GoodAnswer>>;
  /** Every error code the operation itself may answer; `COMMON_ERRORS` are added. */
  readonly errors: readonly (TalerCode | readonly [TalerCode, { status: number }])[];
  readonly query?: readonly QueryParameter[];
  readonly headers?: readonly { name: string; description: string }[];
}

/** What any operation may answer. */
const COMMON_ERRORS: readonly TalerCode[] = [
  TalerCode.GENERIC_PARAMETER_MALFORMED,
  TalerCode.GENERIC_DB_SOFT_FAILURE,
  TalerCode.GENERIC_INTERNAL_INVARIANT_FAILURE,
];

/** What an operation with a body may answer besides. */
export const BODY_ERRORS: readonly TalerCode[] = [
  TalerCode.GENERIC_JSON_INVALID,
  TalerCode.GENERIC_COMPRESSION_INVALID,
  TalerCode.GENERIC_UPLOAD_EXCEEDS_LIMIT,
];

/** What an operation of an instance may answer besides. */
export const INSTANCE_ERRORS: readonly TalerCode[] = [
  TalerCode.MERCHANT_GENERIC_INSTANCE_UNKNOWN,
  TalerCode.MERCHANT_GENERIC_INSTANCE_DELETED,
];

/** What an operation behind a token may answer besides. */
export const TOKEN_ERRORS: readonly TalerCode[] = [
  TalerCode.MERCHANT_GENERIC_UNAUTHORIZED,
  TalerCode.GENERIC_TOKEN_PERMISSION_INSUFFICIENT,
];

/** Documents an operation: each status it can answer, with its body or its error codes. */
export function Operation(facts: OperationFacts): MethodDecorator {
  const statuses = Object.keys(facts.good).map(Number);
  const decorators: (MethodDecorator | ClassDecorator)[] = [
    ApiOperation({ summary: facts.summary, description: facts.description }),
    ...statuses.flatMap((status) => describeGood(status, facts.good[status] as GoodAnswer)),
    ...describeErrors([...facts.errors, ...COMMON_ERRORS]),
  ];
  if (statuses[0] !== undefined) decorators.push(HttpCode(statuses[0]));
  for (const parameter of facts.query ?? []) {
    decorators.push(
      ApiQuery({
        name: parameter.name,
        description: parameter.description,
        required: parameter.required ?? false,
        schema: parameter.schema ?? { type: 'string' },
      }),
    );
  }
  for (const header of facts.headers ?? []) decorators.push(ApiHeader({ ...header, required: false }));
  return applyDecorators(...decorators) as MethodDecorator;
}

function describeGood(status: number, answer: GoodAnswer): (MethodDecorator | ClassDecorator)[] {
  const models = [answer.body ?? []].flat().filter((body): body is DtoClass => typeof body === 'function');
  const refs = models.map((model) => ({ $ref: getSchemaPath(model) }));
  const [only] = refs;
  const schema = models.length > 1 ? { oneOf: refs } : (only ?? (answer.body as SchemaObject | undefined));
  const headers = Object.fromEntries(
    Object.entries(answer.headers ?? {}).map(([name, description]) => [
      name,
      { description, schema: { type: 'string' as const } },
    ]),
  );
  return [
    ...(models.length > 0 ? [ApiExtraModels(...models)] : []),
    ApiResponse({
      status,
      description: answer.description,
      headers,
      ...(schema ? { content: { 'application/json': { schema } } } : {}),
    }),
  ];
}

/** One response per status: the error body with the codes that come with this status. */
function describeErrors(errors: OperationFacts['errors']): MethodDecorator[] {
  const codesByStatus = new Map<number, Set<TalerCode>>();
  for (const error of errors) {
    const [code, status] =
      typeof error === 'number'
        ? [error, errorFacts.get(error)?.httpStatus ?? 500]
        : [error[0], error[1].status];
    const codes = codesByStatus.get(status) ?? new Set<TalerCode>();
    codesByStatus.set(status, codes.add(code));
  }
  return [...codesByStatus].map(([status, codes]) => {
    const sorted = [...codes].sort((a, b) => a - b);
    const names = sorted.map((code) => `${code} ${errorFacts.get(code)?.name ?? ''}`);
    return ApiResponse({
      status,
      description: names.join('; '),
      content: {
        'application/json': {
          schema: {
            allOf: [
              { $ref: '#/components/schemas/ErrorDetail' },
              { type: 'object', properties: { code: { type: 'integer', enum: sorted } } },
            ],
          },
        },
      },
    });
  });
}
