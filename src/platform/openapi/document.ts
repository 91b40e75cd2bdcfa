import type { INestApplication } from '@nestjs/common';
import { DocumentBuilder, OpenAPIObject, SwaggerModule } from '@nestjs/swagger';
import { errorResponses, goodResponse } from './answers';
import { GENERAL_RULES, PATH_PARAMETERS, TAGS } from './document-texts';
import { NAMED_SCHEMAS } from './named-schemas';
import { closeAnswers, referNamedSchemas, sortedByName } from './tidy-schemas';

type Paths = OpenAPIObject['paths'];
type PathItem = Paths[string];
type Operation = NonNullable<PathItem['get']>;
type Parameter = Extract<NonNullable<Operation['parameters']>[number], { name: string }>;

const METHODS = ['get', 'post', 'put', 'patch', 'delete'] as const;
const INSTANCE_PREFIX = '/instances/{instance}/';

/**
 * Relative to the document itself (OpenAPI 3.0, Server Object), so that they hold behind a proxy that adds a prefix.
 * `.` stands for the folder of openapi.json: paths are appended to it.
 */
const ROOT_SERVER = { url: '.', description: 'the admin instance, and the server itself' };
const INSTANCE_SERVER = {
  url: './instances/{instance}',
  description: 'any instance by its id',
  variables: { instance: { default: 'admin', description: 'id of the instance' } },
};

/**
 * The OpenAPI document of the routes of `app`: each operation once, although most exist for the admin instance and
 * below `/instances/$ID/` (management.md 1.1); those that exist only at the root say so by their own `servers`.
 * The same application always gives the same document.
 * @param app may be one made with `preview: true`: only metadata is read
 * @param version of the protocol, for `info.version`
 */
export function buildApiDocument(app: INestApplication, version: string): OpenAPIObject {
  const head = new DocumentBuilder()
    .setOpenAPIVersion('3.0.3')
    .setTitle('GNU Taler merchant backend')
    .setVersion(version)
    .setLicense('Apache-2.0', 'https://www.apache.org/licenses/LICENSE-2.0')
    .addSecurity('token', {
      type: 'http',
      scheme: 'bearer',
      description:
        '`secret-token:…` of POST private/token; its scope must grant the x-permission of the operation.',
    })
    .addSecurity('password', {
      type: 'http',
      scheme: 'basic',
      description: 'User name: id of the instance; password: as set when it was created.',
    })
    .build();
  const scanned = SwaggerModule.createDocument(app, head, { autoTagControllers: false });
  const paths = onceEach({ ...scanned.paths, ...PLATFORM_PATHS });
  const schemas = { ...scanned.components?.schemas, ...NAMED_SCHEMAS };
  const { openapi, info } = scanned;
  return closeAnswers(
    referNamedSchemas({
      openapi,
      info: { title: info.title, description: GENERAL_RULES, version: info.version, license: info.license },
      servers: [ROOT_SERVER, INSTANCE_SERVER],
      tags: [...TAGS],
      paths: sortedByName(paths),
      components: { securitySchemes: scanned.components?.securitySchemes, schemas: sortedByName(schemas) },
    }),
  );
}

/** Leaves the copies for instances out and tells apart what exists at the root only. */
function onceEach(scanned: Paths): Paths {
  const paths: Paths = {};
  for (const [path, item] of Object.entries(scanned)) {
    const original = path.startsWith(INSTANCE_PREFIX)
      ? scanned[`/${path.slice(INSTANCE_PREFIX.length)}`]
      : undefined;
    const isCopy = original !== undefined && isSameItem(original, item);
    if (isCopy) continue;
    const copy = scanned[`${INSTANCE_PREFIX}${path.slice(1)}`];
    const isForInstances = copy !== undefined && isSameItem(item, copy);
    paths[path] = { ...(isForInstances ? {} : { servers: [ROOT_SERVER] }), ...tidyItem(path, item) };
  }
  return paths;
}

/** True when the same handlers serve both paths. */
function isSameItem(one: PathItem, other: PathItem): boolean {
  return METHODS.every((method) => handlerOf(one[method]) === handlerOf(other[method]));
}

/** `OrdersController_create[1]` is the second path of that handler. */
function handlerOf(operation: Operation | undefined): string | undefined {
  return operation?.operationId?.replace(/\[\d+\]$/, '');
}

function tidyItem(path: string, item: PathItem): PathItem {
  const tidy: PathItem = {};
  for (const method of METHODS) {
    const operation = item[method];
    if (!operation) continue;
    const {
      tags,
      summary,
      description,
      operationId: _,
      parameters,
      requestBody,
      responses,
      security,
      ...rest
    } = operation;
    const kept = tidyParameters(path, (parameters ?? []) as Parameter[]);
    tidy[method] = {
      tags,
      summary,
      ...(description === undefined ? {} : { description }),
      operationId: operationIdOf(method, path),
      ...(security && security.length > 0 ? { security } : {}),
      ...rest,
      ...(kept.length > 0 ? { parameters: kept } : {}),
      ...(requestBody ? { requestBody } : {}),
      responses,
    };
  }
  return tidy;
}

/** `get /private/orders/{order_id}` -> `getPrivateOrdersByOrderId`: as stable as the protocol, whatever classes are called. */
function operationIdOf(method: string, path: string): string {
  const words = path
    .replace(/\{(\w+)\}/g, 'by_$1')
    .split(/[^A-Za-z0-9]+/)
    .filter((word) => word !== '');
  return method + words.map((word) => word.charAt(0).toUpperCase() + word.slice(1)).join('');
}

/** Path parameters as the path names them, then query and headers; Authorization belongs to `security`. */
function tidyParameters(path: string, scanned: readonly Parameter[]): Parameter[] {
  const names = [...path.matchAll(/\{(\w+)\}/g)].map((match) => match[1] ?? '');
  const inPath = names.map((name) => {
    const facts = PATH_PARAMETERS[name];
    if (!facts) throw new Error(`${path}: nothing is known of the path parameter ${name}`);
    return { name, in: 'path' as const, required: true, ...facts };
  });
  const others = scanned.filter((parameter) => {
    const isDocumented = parameter.in === 'query' || parameter.description !== undefined;
    return parameter.in !== 'path' && isDocumented && parameter.name.toLowerCase() !== 'authorization';
  });
  return [...inPath, ...others];
}

/** What is served without a controller, see serve.ts. */
const PLATFORM_PATHS = {
  '/openapi.json': {
    get: {
      tags: ['Operation'],
      summary: 'This document',
      'x-permission': 'public',
      responses: responsesOf(
        200,
        goodResponse(
          { description: 'OpenAPI 3' },
          { type: 'object', required: ['openapi', 'info', 'paths'] },
        ),
      ),
    },
  },
  '/docs': {
    get: {
      tags: ['Operation'],
      summary: 'This document for people',
      'x-permission': 'public',
      responses: responsesOf(
        200,
        goodResponse(
          {
            description: 'a page',
            contentType: 'text/html',
            headers: { 'Content-Security-Policy': 'nothing from elsewhere' },
          },
          { type: 'string' },
        ),
      ),
    },
  },
} as unknown as Paths;

function responsesOf(status: number, response: object): Record<string, object> {
  return { ...Object.fromEntries(errorResponses([])), [status]: response };
}
