import type { OpenAPIObject } from '@nestjs/swagger';
import { NAMED, NAMED_SCHEMAS } from './named-schemas';

type Json = undefined | null | boolean | number | string | readonly Json[] | JsonObject;
interface JsonObject {
  readonly [name: string]: Json;
}

const REF_PREFIX = '#/components/schemas/';
const NAME_OF_ERRORS = 'ErrorDetail';

/** The members in the order of their names, so that the document does not depend on the order of scanning. */
export function sortedByName<T>(members: Readonly<Record<string, T>>): Record<string, T> {
  return Object.fromEntries(Object.entries(members).sort(([a], [b]) => (a < b ? -1 : 1)));
}

/**
 * Puts references where properties were marked by `named`. A reference has no siblings in OpenAPI 3.0, so a
 * description goes beside an `allOf`.
 * @throws Error for a name that is none of NAMED_SCHEMAS
 */
export function referNamedSchemas(document: OpenAPIObject): OpenAPIObject {
  return rewrite(document, (object) => {
    const name = object[NAMED];
    if (typeof name !== 'string') return object;
    if (!NAMED_SCHEMAS[name]) throw new Error(`there is no schema named ${name}`);
    const { [NAMED]: _name, type: _type, ...more } = object;
    const reference = { $ref: REF_PREFIX + name };
    return Object.keys(more).length === 0 ? reference : { allOf: [reference], ...more };
  });
}

/**
 * Closes the schemas of our answers, so that a member with a wrong name is against the document. Requests stay open
 * (unknown members are ignored), so a schema that serves both gets a closed twin whose name ends in `Answer`.
 */
export function closeAnswers(document: OpenAPIObject): OpenAPIObject {
  const schemas = (document.components?.schemas ?? {}) as unknown as Record<string, JsonObject>;
  const operations = Object.values(document.paths as unknown as Record<string, JsonObject>)
    .flatMap((item) => Object.values(item))
    .filter(isObject)
    .filter((operation) => operation['responses'] !== undefined);
  const bodies = operations.map((operation) => operation['requestBody']);
  const answers = operations.flatMap((operation) => Object.values(operation['responses'] as JsonObject));
  const requested = reachable(bodies, schemas);
  const answered = [...reachable(answers.filter(isNoError), schemas)].filter((name) => !NAMED_SCHEMAS[name]);
  const names = new Map(answered.map((name) => [name, requested.has(name) ? `${bare(name)}Answer` : name]));
  const closed = answered.map((name) => [names.get(name), close(renamed(schemas[name], names))]);
  const all = sortedByName({ ...schemas, ...(Object.fromEntries(closed) as typeof schemas) });
  const paths = rewrite(document.paths, (object) => {
    const { responses } = object;
    return isObject(responses) ? { ...object, responses: renamed(responses, names) } : object;
  });
  return { ...document, paths, components: { ...document.components, schemas: all } } as OpenAPIObject;
}

function bare(name: string): string {
  return name.replace(/Dto$/, '');
}

function isNoError(response: Json): boolean {
  return !refsIn(response).has(NAME_OF_ERRORS);
}

function close(schema: Json): Json {
  if (!isObject(schema) || schema['properties'] === undefined) return schema;
  return { ...schema, additionalProperties: false };
}

/** Names of the schemas that `roots` refer to, directly or through other schemas. */
function reachable(roots: readonly Json[], schemas: Readonly<Record<string, JsonObject>>): Set<string> {
  const found = new Set<string>();
  let open = [...refsIn(roots)];
  while (open.length > 0) {
    open.forEach((name) => found.add(name));
    open = open.flatMap((name) => [...refsIn(schemas[name])]).filter((name) => !found.has(name));
  }
  return found;
}

function refsIn(value: Json): Set<string> {
  const names = new Set<string>();
  rewrite(value, (object) => {
    const { $ref } = object;
    if (typeof $ref === 'string') names.add($ref.slice(REF_PREFIX.length));
    return object;
  });
  return names;
}

function renamed(value: Json, names: ReadonlyMap<string, string>): Json {
  return rewrite(value, (object) => {
    const { $ref } = object;
    if (typeof $ref !== 'string') return object;
    const name = $ref.slice(REF_PREFIX.length);
    return { ...object, $ref: REF_PREFIX + (names.get(name) ?? name) };
  });
}

/** A copy of `value` in which every object was replaced, outer ones first. */
function rewrite<T>(value: T, replace: (object: JsonObject) => JsonObject): T {
  const walk = (at: Json): Json => {
    if (Array.isArray(at)) return at.map(walk);
    if (!isObject(at)) return at;
    return Object.fromEntries(Object.entries(replace(at)).map(([name, member]) => [name, walk(member)]));
  };
  return walk(value as Json) as T;
}

function isObject(value: Json): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
