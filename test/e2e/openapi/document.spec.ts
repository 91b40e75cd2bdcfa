import { readFileSync } from 'node:fs';
import { METHOD_METADATA } from '@nestjs/common/constants';
import { DiscoveryService, MetadataScanner } from '@nestjs/core';
import Ajv from 'ajv';
import addFormats from 'ajv-formats';
import type { Application } from 'express';
import { ACCESS, Access } from '../../../src/platform/http/permission';
import { DOCS_ASSET_PATHS } from '../../../src/platform/openapi/serve';
import { errorFacts } from '../../../src/taler/error-codes';
import { startTestServer, TestServer } from '../../support/app';
import { createTestDatabase, TestDatabase } from '../../support/database';
import { OPENAPI_META } from './openapi-meta';

interface Operation {
  readonly operationId: string;
  readonly tags: string[];
  readonly summary: string;
  readonly security?: Record<string, string[]>[];
  readonly parameters?: { name: string; in: string; schema?: object }[];
  readonly responses: Record<string, { description: string; content?: Record<string, { schema: unknown }> }>;
  readonly requestBody?: { required?: boolean };
  readonly 'x-permission': string;
  readonly 'x-instance'?: string;
}
type Item = Record<string, Operation> & { servers?: object[] };

const text = readFileSync('openapi.json', 'utf8');
const document = JSON.parse(text) as {
  tags: { name: string; description: string }[];
  paths: Record<string, Item>;
  components: { schemas: Record<string, Record<string, unknown>>; securitySchemes: Record<string, object> };
};
const METHODS = ['get', 'post', 'put', 'patch', 'delete'];

function operations(): { path: string; method: string; item: Item; operation: Operation }[] {
  return Object.entries(document.paths).flatMap(([path, item]) =>
    METHODS.flatMap((method) => {
      const operation = item[method];
      return operation ? [{ path, method, item, operation }] : [];
    }),
  );
}

describe('openapi.json by itself', () => {
  it('has the structure that OpenAPI 3.0 asks for', () => {
    const validate = addFormats(new Ajv({ strict: false, allErrors: true })).compile(OPENAPI_META);
    validate(JSON.parse(text));
    expect(validate.errors).toBeNull();
  });

  it('the structure check notices a broken document', () => {
    const validate = addFormats(new Ajv({ strict: false })).compile(OPENAPI_META);
    const broken = JSON.parse(
      text.replace('"operationId": "getConfig"', '"operationID": "getConfig"'),
    ) as unknown;
    expect(validate(broken)).toBe(false);
  });

  it('refers only to schemas that exist, and has none that nobody refers to', () => {
    const referred = new Set(
      [...text.matchAll(/"\$ref": "#\/components\/schemas\/([^"]*)"/g)].map((match) => match[1]),
    );
    const defined = new Set(Object.keys(document.components.schemas));
    expect([...referred].filter((name) => !defined.has(name ?? ''))).toEqual([]);
    expect([...defined].filter((name) => !referred.has(name))).toEqual([]);
  });

  it('gives each operation an id of its own, a summary and a described tag', () => {
    const all = operations().map(({ operation }) => operation);
    expect(new Set(all.map(({ operationId }) => operationId)).size).toBe(all.length);
    expect(all.filter(({ summary }) => !summary)).toEqual([]);
    const tags = new Set(document.tags.map(({ name }) => name));
    expect(all.flatMap((operation) => operation.tags).filter((tag) => !tags.has(tag))).toEqual([]);
    expect(document.tags.filter(({ description }) => !description)).toEqual([]);
  });

  it('declares the parameters that stand in the path, and types every one', () => {
    for (const { path, operation } of operations()) {
      const inPath = (operation.parameters ?? []).filter((parameter) => parameter.in === 'path');
      const names = [...path.matchAll(/\{(\w+)\}/g)].map((match) => match[1]);
      expect(inPath.map(({ name }) => name)).toEqual(names);
      expect((operation.parameters ?? []).filter(({ schema }) => schema === undefined)).toEqual([]);
    }
  });

  it('lists for each error status the codes, and only codes of the registry', () => {
    for (const { path, method, operation } of operations()) {
      for (const [status, response] of Object.entries(operation.responses)) {
        expect([path, method, status]).toEqual([path, method, expect.stringMatching(/^[1-5]\d\d$/)]);
        const codes = /"enum":\[([\d,]+)\]/.exec(JSON.stringify(response))?.[1]?.split(',').map(Number) ?? [];
        const isError = JSON.stringify(response).includes('/ErrorDetail"');
        expect([path, method, status, codes.length > 0]).toEqual([path, method, status, isError]);
        expect(codes.filter((code) => !errorFacts.has(code))).toEqual([]);
      }
    }
  });

  it('says of every operation what the pipeline before it may answer', () => {
    for (const { path, method, item, operation } of operations()) {
      const statuses = Object.keys(operation.responses);
      expect([path, statuses]).toEqual([path, expect.arrayContaining(['400', '500'])]);
      if (operation.requestBody)
        expect([path, method, statuses]).toEqual([path, method, expect.arrayContaining(['413'])]);
      if (operation.security) expect([path, statuses]).toEqual([path, expect.arrayContaining(['401'])]);
      if (!item.servers) expect([path, statuses]).toEqual([path, expect.arrayContaining(['404'])]);
    }
  });

  it('closes the schemas of answers and leaves those of requests open', () => {
    const { schemas } = document.components;
    for (const name of ['PostOrderResponse', 'CheckPaymentPaidResponse', 'RefundDetails', 'LocationAnswer']) {
      expect([name, schemas[name]?.['additionalProperties']]).toEqual([name, false]);
    }
    for (const name of ['CreateOrderDto', 'OrderDto', 'LocationDto', 'PayDto', 'CoinPaySigDto']) {
      expect([name, schemas[name]?.['additionalProperties']]).toEqual([name, undefined]);
    }
  });

  it('shows the order inside the request that creates one', () => {
    const properties = document.components.schemas['CreateOrderDto']?.['properties'];
    const { oneOf } = (properties as { order: { oneOf: { $ref: string }[] } }).order;
    const names = oneOf.map(({ $ref }) => $ref.replace('#/components/schemas/', ''));
    expect(names.map((name) => [name, document.components.schemas[name]?.['required']])).toEqual([
      ['OrderDto', ['summary', 'amount']],
      ['OrderWithChoicesDto', ['summary', 'version', 'choices']],
    ]);
  });
});

describe('openapi.json and the application', () => {
  let database: TestDatabase;
  let server: TestServer;

  beforeAll(async () => {
    database = await createTestDatabase();
    server = await startTestServer({ database });
  });
  afterAll(async () => {
    await server?.close();
    await database?.drop();
  });

  /** `GET /private/orders/{}` for everything in Express's router. */
  function routes(): string[] {
    const express = server.app.getHttpAdapter().getInstance() as Application;
    const { stack } = express.router as unknown as {
      stack: { route?: { path: string | string[]; methods: Record<string, boolean> } }[];
    };
    return stack.flatMap(({ route }) =>
      [route?.path ?? []]
        .flat()
        .flatMap((path) =>
          Object.keys(route?.methods ?? {}).map((method) => named(method, path.replace(/:\w+/g, '{}'))),
        ),
    );
  }

  function named(method: string, path: string): string {
    return `${method.toUpperCase()} ${path.replace(/\{\w+\}/g, '{}')}`;
  }

  it('has every route of the application, and no other, counting both servers', () => {
    const documented = operations().flatMap(({ path, method, item }) =>
      item.servers ? [named(method, path)] : [named(method, path), named(method, `/instances/{}${path}`)],
    );
    const assets = DOCS_ASSET_PATHS.map((path) => named('get', path));
    expect([...documented, ...assets].sort()).toEqual(routes().sort());
    expect(new Set(documented).size).toBe(documented.length);
  });

  it('names for each operation the permission that its guard asks for', () => {
    const discovery = server.app.get(DiscoveryService, { strict: false });
    const scanner = new MetadataScanner();
    const guarded: string[] = [];
    for (const { instance } of discovery.getControllers()) {
      const prototype = Object.getPrototypeOf(instance as object) as Record<string, object>;
      for (const name of scanner.getAllMethodNames(prototype)) {
        const handler = prototype[name] as object;
        if (!Reflect.hasMetadata(METHOD_METADATA, handler)) continue;
        const paths = pathsOf(instance as object, handler);
        const access = Reflect.getMetadata(ACCESS, handler) as Access;
        const method = METHODS_OF_NEST[Reflect.getMetadata(METHOD_METADATA, handler) as number] ?? '?';
        // The copy for instances is the same handler, and documented once.
        const [first, ...others] = paths;
        const own = others.filter((path) => path !== `/instances/{}${first}`);
        for (const path of [first ?? '', ...own]) guarded.push(`${named(method, path)}: ${wordsOf(access)}`);
      }
    }
    const documented = operations()
      .filter(({ path }) => path !== '/openapi.json' && path !== '/docs')
      .map(({ path, method, operation }) => `${named(method, path)}: ${documentedWordsOf(operation)}`);
    expect(documented.sort()).toEqual(guarded.sort());
  });

  it('asks for a token exactly where a permission is needed', () => {
    for (const { path, operation } of operations()) {
      const isOpen = operation['x-permission'] === 'public';
      expect([path, operation.security === undefined]).toEqual([path, isOpen]);
      const schemes = (operation.security ?? []).flatMap((requirement) => Object.keys(requirement));
      expect(schemes.filter((scheme) => !document.components.securitySchemes[scheme])).toEqual([]);
    }
  });
});

/** Numbers of Nest's RequestMethod. */
const METHODS_OF_NEST = ['get', 'post', 'put', 'delete', 'patch'];

function wordsOf(access: Access): string {
  switch (access.kind) {
    case 'public':
    case 'credential':
      return access.kind;
    case 'permission':
      return access.permission;
    case 'admin':
      return `${access.permission} of admin`;
  }
}

function documentedWordsOf(operation: Operation): string {
  const owner = operation['x-instance'];
  return owner === undefined ? operation['x-permission'] : `${operation['x-permission']} of ${owner}`;
}

/** The full paths of a handler, parameters as `{}`. */
function pathsOf(controller: object, handler: object): string[] {
  const prefixes = [Reflect.getMetadata('path', controller.constructor) as string | string[]].flat();
  const ends = [Reflect.getMetadata('path', handler) as string | string[]].flat();
  return prefixes.flatMap((prefix) =>
    ends.map((end) =>
      `/${[prefix, end].join('/')}`
        .replace(/\/+/g, '/')
        .replace(/(.)\/$/, '$1')
        .replace(/:\w+/g, '{}'),
    ),
  );
}
