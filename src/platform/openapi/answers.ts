import { applyDecorators, HttpCode } from '@nestjs/common';
import {
  ApiExtraModels,
  ApiHeader,
  ApiOperation,
  ApiQuery,
  ApiResponse,
  getSchemaPath,
} from '@nestjs/swagger';
import { errorFacts, TalerCode } from '../../taler/error-codes';
import type { DtoClass } from '../http/field-registry';
import { ref, SchemaObject } from './named-schemas';

/** An answer that is no error. */
export interface GoodAnswer {
  readonly description: string;
  /** Shape of the body; several: one of them; none: no body. */
  readonly body?: DtoClass | readonly DtoClass[] | SchemaObject;
  /** application/json when not said. */
  readonly contentType?: string;
  /** Further content types of the same answer, by what the client accepts. */
  readonly alsoAs?: Readonly<Record<string, SchemaObject>>;
  /** Headers that this answer always has, with their meaning. */
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
  /** Status -> answer. The first status but 202 is the one Nest sends unless the handler says otherwise. */
  readonly good: Readonly<Record<number, GoodAnswer>>;
  /** Every error code the operation itself may answer; `COMMON_ERRORS` are added. */
  readonly errors: readonly (TalerCode | readonly [TalerCode, { status: number }])[];
  /** Further content types of the errors that a visitor can do something about (400, 403, 404). */
  readonly errorsAlsoAs?: Readonly<Record<string, SchemaObject>>;
  readonly query?: readonly QueryParameter[];
  readonly headers?: readonly { name: string; description: string }[];
}

const ACCEPTED = 202;

/** Errors of which a page can be made, see `errorsAlsoAs`. */
const VISITOR_STATUSES: readonly number[] = [400, 403, 404];

/** What any operation may answer. */
const COMMON_ERRORS: readonly TalerCode[] = [
  TalerCode.GENERIC_PARAMETER_MALFORMED,
  TalerCode.GENERIC_DB_START_FAILED,
  TalerCode.GENERIC_DB_STORE_FAILED,
  TalerCode.GENERIC_DB_FETCH_FAILED,
  TalerCode.GENERIC_DB_COMMIT_FAILED,
  TalerCode.GENERIC_DB_SOFT_FAILURE,
  TalerCode.GENERIC_DB_INVARIANT_FAILURE,
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

/** What an operation behind a token may answer besides, be it the admin's or one that is open to everybody who has one. */
export const CREDENTIAL_ERRORS: readonly TalerCode[] = [
  TalerCode.MERCHANT_GENERIC_UNAUTHORIZED,
  TalerCode.GENERIC_TOKEN_PERMISSION_INSUFFICIENT,
];

/** The same where addresses have to be validated before, if the operator wants them to be (management.md 3.1). */
export const TOKEN_ERRORS: readonly TalerCode[] = [
  ...CREDENTIAL_ERRORS,
  TalerCode.MERCHANT_GENERIC_MFA_MISSING,
];

/** A response of the document, as `ApiResponse` takes it. */
interface DocumentedResponse {
  readonly description: string;
  readonly headers?: Record<string, { description: string; required: boolean; schema: SchemaObject }>;
  readonly content?: Record<string, { schema: SchemaObject }>;
}

/**
 * Documents an operation: each status it can answer, with its body or its error codes.
 * @throws Error when a status stands for an error and for something else
 */
export function Operation(facts: OperationFacts): MethodDecorator {
  const good = Object.entries(facts.good).map(([status, answer]) => [Number(status), answer] as const);
  const errors = errorResponses(facts.errors, facts.errorsAlsoAs);
  const clash = good.find(([status]) => errors.has(status));
  if (clash) throw new Error(`${facts.summary}: the status ${clash[0]} has two meanings`);
  const decorators: (MethodDecorator | ClassDecorator)[] = [
    ApiOperation({ summary: facts.summary, description: facts.description }),
    ...good.flatMap(([status, answer]) => describeGood(status, answer)),
    ...[...errors].map(([status, response]) => ApiResponse({ status, ...response })),
  ];
  // 202 is never what a handler returns: it says so itself, or what asks for a second factor does.
  const first = good.find(([status]) => status !== ACCEPTED);
  if (first) decorators.push(HttpCode(first[0]));
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
  const response = goodResponse(answer, schema);
  return [...(models.length > 0 ? [ApiExtraModels(...models)] : []), ApiResponse({ status, ...response })];
}

/** An answer that is no error, for the document; `schema` undefined: it has no body. */
export function goodResponse(
  answer: Pick<GoodAnswer, 'description' | 'headers' | 'contentType' | 'alsoAs'>,
  schema: SchemaObject | undefined,
): DocumentedResponse {
  const headers = Object.entries(answer.headers ?? {}).map(([name, description]) => [
    name,
    { description, required: true, schema: { type: 'string' } },
  ]);
  const alsoAs = Object.entries(answer.alsoAs ?? {}).map(([type, other]) => [type, { schema: other }]);
  const content = schema && {
    [answer.contentType ?? 'application/json']: { schema },
    ...(Object.fromEntries(alsoAs) as DocumentedResponse['content']),
  };
  return {
    description: answer.description,
    ...(headers.length > 0 ? { headers: Object.fromEntries(headers) as DocumentedResponse['headers'] } : {}),
    ...(content ? { content } : {}),
  };
}

/** One response per status: the error body with the codes that come with this status, `COMMON_ERRORS` included. */
export function errorResponses(
  errors: OperationFacts['errors'],
  alsoAs: OperationFacts['errorsAlsoAs'] = {},
): Map<number, DocumentedResponse> {
  const codesByStatus = new Map<number, Set<TalerCode>>();
  for (const error of [...errors, ...COMMON_ERRORS]) {
    const [code, status] = typeof error === 'number' ? [error, statusOf(error)] : [error[0], error[1].status];
    const codes = codesByStatus.get(status) ?? new Set<TalerCode>();
    codesByStatus.set(status, codes.add(code));
  }
  return new Map(
    [...codesByStatus].map(([status, codes]) => [
      status,
      errorResponse([...codes], VISITOR_STATUSES.includes(status) ? alsoAs : {}),
    ]),
  );
}

function statusOf(code: TalerCode): number {
  const status = errorFacts.get(code)?.httpStatus;
  if (!status) throw new Error(`the registry has no status for the code ${code}: say which one is answered`);
  return status;
}

function errorResponse(
  codes: readonly TalerCode[],
  alsoAs: Readonly<Record<string, SchemaObject>>,
): DocumentedResponse {
  const sorted = [...codes].sort((a, b) => a - b);
  const one: SchemaObject = { type: 'object', properties: { code: { type: 'integer', enum: sorted } } };
  return {
    description: sorted.map((code) => `${code} ${errorFacts.get(code)?.name ?? ''}`).join('; '),
    content: {
      'application/json': { schema: { allOf: [ref('ErrorDetail'), one] } },
      ...Object.fromEntries(Object.entries(alsoAs).map(([type, schema]) => [type, { schema }])),
    },
  };
}
