import { readFileSync } from 'node:fs';
import { request as undiciRequest } from 'undici';
import { DOCS_ASSET_PATHS } from '../../../src/platform/openapi/serve';
import { startTestServer, TestServer } from '../../support/app';
import { createTestDatabase, TestDatabase } from '../../support/database';

describe('the API document over HTTP', () => {
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

  it('serves /openapi.json as committed', async () => {
    const answer = await server.api.get('openapi.json');
    expect(answer.status).toBe(200);
    expect(answer.headers['content-type']).toContain('application/json');
    expect(answer.headers['access-control-allow-origin']).toBe('*');
    expect(answer.text).toBe(readFileSync('openapi.json', 'utf8'));
  });

  it('serves a page at /docs that loads nothing from elsewhere', async () => {
    const answer = await server.api.get('docs');
    expect(answer.status).toBe(200);
    expect(answer.headers['content-type']).toContain('text/html');
    expect(answer.headers['content-security-policy']).toContain("default-src 'none'");
    expect(answer.headers['content-security-policy']).not.toContain('unsafe-eval');
    expect(answer.text).not.toMatch(/<script>|https?:/);
  });

  it('serves every file the page asks for, below any prefix', async () => {
    const page = (await server.api.get('docs')).text;
    const urls = [...page.matchAll(/(?:src|href)="(?!data:)([^"]+)"/g)].map((match) => match[1] ?? '');
    expect(urls.map((url) => `/${url}`).sort()).toEqual([...DOCS_ASSET_PATHS].sort());
    for (const url of urls) {
      expect(url).toMatch(/^docs\//);
      const answer = await undiciRequest(`${server.url}${url}`);
      const text = await answer.body.text();
      expect(answer.statusCode).toBe(200);
      expect(answer.headers['content-type']).toMatch(
        url.endsWith('.css') ? /^text\/css/ : /^text\/javascript/,
      );
      expect(text.length).toBeGreaterThan(50);
    }
    const start = await (await undiciRequest(`${server.url}docs/start.js`)).body.text();
    expect(start).toContain("url: 'openapi.json'");
  });

  it('leads from /docs/ to /docs, where the relative URLs of the page hold', async () => {
    const answer = await undiciRequest(`${server.url}docs/`);
    await answer.body.dump();
    expect(answer.statusCode).toBe(308);
    expect(answer.headers['location']).toBe('../docs');
  });

  it('answers an unknown file of the page as any unknown path', async () => {
    const answer = await server.api.get('docs/package.json');
    expect(answer.status).toBe(404);
    expect(answer.body.code).toBe(21);
  });
});
