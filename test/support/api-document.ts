import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import Ajv, { ValidateFunction } from 'ajv';
import addFormats from 'ajv-formats';

export interface DocumentedExchange {
  readonly method: string;
  readonly url: string;
  /** The JSON that was sent, if any. */
  readonly request?: unknown;
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
  readonly body: unknown;
}

interface DocumentedResponse {
  readonly headers?: Readonly<Record<string, { readonly required?: boolean }>>;
  readonly content?: Readonly<Record<string, { readonly schema: object }>>;
}

interface DocumentedOperation {
  readonly operationId: string;
  readonly requestBody?: { readonly content: Readonly<Record<string, { readonly schema: object }>> };
  readonly responses: Readonly<Record<string, DocumentedResponse>>;
}

interface DocumentedPath {
  readonly path: string;
  readonly pattern: RegExp;
  readonly operations: ReadonlyMap<string, DocumentedOperation>;
}

/** 404 and 405 of paths and methods that do not exist are said once for all, in the text of the document. */
const ENDPOINT_UNKNOWN = 21;
const METHOD_INVALID = 20;
const METHODS = ['get', 'post', 'put', 'patch', 'delete'];
const REF = '#/components/schemas/';
const SCHEMA = 'schema:';
/** How much of a body an error message shows. */
const SHOWN_LENGTH_MAX = 600;

const documentText = readFileSync(join(__dirname, '../../openapi.json'), 'utf8');
// References become ids of their own, so that each schema is compiled once for all operations.
const document = JSON.parse(documentText.replaceAll(`"${REF}`, `"${SCHEMA}`)) as {
  paths: Record<string, Record<string, unknown>>;
  components: { schemas: Record<string, object> };
};
const ajv = newAjv();
const paths = Object.entries(document.paths).map(([path, item]) => toDocumentedPath(path, item));
const validators = new WeakMap<object, ValidateFunction>();

/**
 * Holds a live answer against openapi.json: the operation, its status, headers, content type, body and error code must
 * be documented, and a request that was granted must be one that the document allows.
 * @throws Error that says what the document has otherwise
 */
export function checkAgainstDocument(exchange: DocumentedExchange): void {
  const method = exchange.method.toUpperCase();
  const { pathname } = new URL(exchange.url);
  const fail = (fault: string): never => {
    const shown = exchange.text.slice(0, SHOWN_LENGTH_MAX);
    throw new Error(
      `against the API document: ${method} ${pathname} -> ${exchange.status}: ${fault}\n${shown}`,
    );
  };
  if (method === 'OPTIONS') {
    if (exchange.status !== 204 || exchange.text !== '') fail('OPTIONS is answered with 204 and no body');
    return;
  }
  const known = paths.filter(({ pattern }) => pattern.test(pathname));
  const wanted = method === 'HEAD' ? 'get' : method.toLowerCase();
  const operation = known
    .map(({ operations }) => operations.get(wanted))
    .find((found) => found !== undefined);
  if (!operation) {
    const fault = checkUndocumented(exchange, known.length > 0, method === 'HEAD');
    if (fault) fail(fault);
    return;
  }
  const response = operation.responses[String(exchange.status)];
  const fault = response
    ? checkResponse(exchange, response, method === 'HEAD')
    : `the document has only the statuses ${Object.keys(operation.responses).join(', ')}`;
  if (fault) fail(fault);
  const requestFault = checkRequest(exchange, operation);
  if (requestFault) fail(`the document does not allow this request, which was granted: ${requestFault}`);
}

/** The path of the operation that answers, as the document writes it: `/orders/{order_id}`; undefined: none does. */
export function documentedPathOf(method: string, url: string): string | undefined {
  const { pathname } = new URL(url);
  const wanted = method.toUpperCase() === 'HEAD' ? 'get' : method.toLowerCase();
  return paths.find(({ pattern, operations }) => operations.has(wanted) && pattern.test(pathname))?.path;
}

/** Refused requests may be anything; of a granted one the document must not say that it is malformed. */
function checkRequest(exchange: DocumentedExchange, operation: DocumentedOperation): string | undefined {
  const schema = operation.requestBody?.content['application/json']?.schema;
  if (!schema || exchange.request === undefined || exchange.status >= 300) return undefined;
  // An explicit null is the same as an absent member, which the document says once for all.
  const sent: unknown = JSON.parse(
    JSON.stringify(exchange.request),
    (_name, value: unknown) => value ?? undefined,
  );
  return validate(schema, sent);
}

/** An answer to a path or method that does not exist. */
function checkUndocumented(
  exchange: DocumentedExchange,
  isPathKnown: boolean,
  isHead: boolean,
): string | undefined {
  const [status, code] = isPathKnown ? [405, METHOD_INVALID] : [404, ENDPOINT_UNKNOWN];
  // A path that is not percent-encoded UTF-8 names no operation either.
  const isUndecodable = exchange.status === 400 && !isDecodable(new URL(exchange.url).pathname);
  if (exchange.status !== status && !isUndecodable)
    return `no such operation, so the status should be ${status}`;
  if (isHead) return undefined;
  const fault = validate({ $ref: `${SCHEMA}ErrorDetail` }, exchange.body);
  if (fault) return fault;
  const actual = (exchange.body as { code: number }).code;
  return isUndecodable || actual === code ? undefined : `no such operation, so the code should be ${code}`;
}

function checkResponse(
  exchange: DocumentedExchange,
  response: DocumentedResponse,
  isHead: boolean,
): string | undefined {
  for (const [name, header] of Object.entries(response.headers ?? {})) {
    if (header.required && exchange.headers[name.toLowerCase()] === undefined)
      return `the header ${name} is missing`;
  }
  if (isHead) return exchange.text === '' ? undefined : 'HEAD is answered without a body';
  if (!response.content) return exchange.text === '' ? undefined : 'there should be no body';
  const type = String(exchange.headers['content-type'] ?? '').split(';')[0] ?? '';
  const content = response.content[type];
  if (!content)
    return `the Content-Type should be ${Object.keys(response.content).join(' or ')}, not "${type}"`;
  if (type !== 'application/json') return undefined;
  return exchange.body === undefined ? 'the body is no JSON' : validate(content.schema, exchange.body);
}

/** What is wrong with `body`, if anything. */
function validate(schema: object, body: unknown): string | undefined {
  const validator = validators.get(schema) ?? ajv.compile(schema);
  validators.set(schema, validator);
  if (validator(body)) return undefined;
  const faults = (validator.errors ?? []).map(
    ({ instancePath, message, params }) =>
      `${instancePath || 'the body'} ${message} ${JSON.stringify(params)}`,
  );
  return faults.join('; ');
}

function newAjv(): Ajv {
  const made = new Ajv({ allErrors: true, strictSchema: true, strictTypes: false, strictRequired: false });
  addFormats(made);
  made.addKeyword('example');
  for (const [name, schema] of Object.entries(document.components.schemas))
    made.addSchema(schema, SCHEMA + name);
  return made;
}

/** Without servers of its own, a path exists below `/instances/$ID` too. */
function toDocumentedPath(path: string, item: Record<string, unknown>): DocumentedPath {
  const escaped = path.replace(/[.]/g, '\\$&').replace(/\{\w+\}/g, '[^/]+');
  const prefix = item['servers'] === undefined ? '(/instances/[^/]+)?' : '';
  const operations = METHODS.flatMap((method) => {
    const operation = item[method] as DocumentedOperation | undefined;
    return operation ? [[method, operation] as const] : [];
  });
  return { path, pattern: new RegExp(`^${prefix}${escaped}/?$`, 'i'), operations: new Map(operations) };
}

function isDecodable(pathname: string): boolean {
  try {
    decodeURIComponent(pathname);
    return true;
  } catch {
    return false;
  }
}
