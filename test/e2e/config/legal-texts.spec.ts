import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { startTestServer, TestServer } from '../../support/app';
import { createTestDatabase, TestDatabase } from '../../support/database';
import { TestClock } from '../../support/clock';
import type { AppConfig } from '../../../src/platform/config/config';

const PDF = Buffer.from('%PDF-1.7 not really\n\xff', 'latin1');

describe('legal texts', () => {
  let database: TestDatabase;
  let server: TestServer;
  let folder: string;
  const clock = new TestClock();
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'legal-'));
    write('terms/en/v3.txt', 'Terms in English\n');
    write('terms/en/v3.html', '<h1>Terms in English</h1>');
    write('terms/de/v3.html', '<h1>Bedingungen</h1>');
    write('terms/de_CH/v3.html', '<h1>Bedingungen der Schweiz</h1>');
    write('terms/fr/v3.pdf', PDF);
    // Earlier versions, drafts and what else lies about is not served.
    write('terms/en/v2.txt', 'outdated');
    write('terms/README.txt', 'secret');
    write('terms/en/v3.exe', 'secret');
    write('terms/not a language/v3.txt', 'secret');
    write('privacy/de/p1.md', '# Datenschutz');
    write('secret.txt', 'secret');
    database = await createTestDatabase();
    server = await serve({
      terms: { directory: join(folder, 'terms'), version: 'v3' },
      privacy: { directory: join(folder, 'privacy'), version: undefined },
    });
  });
  afterAll(async () => {
    await server?.close();
    await database?.drop();
    rmSync(folder, { recursive: true });
  });

  function write(path: string, content: string | Buffer): void {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), content);
  }
  const serve = (config: Partial<AppConfig>) => startTestServer({ database, clock, config });
  const get = (path: string, headers: Record<string, string> = {}) => server.api.get(path, { headers });

  it('are served with their version, language, validator and how long they may be kept', async () => {
    const nowS = () => Math.floor(Number(clock.nowUs()) / 1e6);
    const beforeS = nowS();
    const answer = await get('terms');
    const afterS = nowS();
    expect(answer).toMatchObject({
      status: 200,
      text: 'Terms in English\n',
      headers: {
        'content-type': 'text/plain; charset=utf-8',
        'content-language': 'en',
        'taler-terms-version': 'v3',
        'avail-languages': 'en',
        vary: 'Accept-Language,Accept,Accept-Encoding',
        'cache-control': 'public,max-age=864000',
        etag: expect.stringMatching(/^"[0-9A-Z]{52}"$/) as string,
        'x-content-type-options': 'nosniff',
        'content-security-policy': expect.stringContaining("default-src 'none'") as string,
      },
    });
    const servedS = Date.parse(answer.headers['expires'] as string) / 1_000 - 864_000;
    expect(servedS).toBeGreaterThanOrEqual(beforeS);
    expect(servedS).toBeLessThanOrEqual(afterS);
  });

  it.each<[string | undefined, string | undefined, string, string]>([
    // Silence asks for plain text in English.
    [undefined, undefined, 'text/plain', 'en'],
    ['*/*', undefined, 'text/plain', 'en'],
    ['text/*', 'de', 'text/plain', 'en'],
    // First the format, then the language.
    ['text/html', undefined, 'text/html', 'en'],
    ['text/html', 'de', 'text/html', 'de'],
    ['text/html', 'de-CH', 'text/html', 'de-CH'],
    ['text/html', 'de-AT', 'text/html', 'de'],
    ['text/html', 'fr;q=0.9, de;q=0.8, en;q=0.7', 'text/html', 'de'],
    ['text/html', 'it', 'text/html', 'en'],
    ['text/html', '*', 'text/html', 'en'],
    ['text/html,application/xhtml+xml;q=0.9,*/*;q=0.8', 'de,en;q=0.5', 'text/html', 'de'],
    ['text/plain;q=0.2, text/html', 'en', 'text/html', 'en'],
    ['application/pdf', 'en', 'application/pdf', 'fr'],
    // Nothing fits: anything is sent.
    ['application/json', 'de', 'text/plain', 'en'],
    ['image/png', undefined, 'text/plain', 'en'],
    ['text/html;q=0', 'de', 'text/plain', 'en'],
    ['nonsense', 'nonsense,,;', 'text/plain', 'en'],
  ])('for Accept: %s and Accept-Language: %s are %s in %s', async (accept, language, type, chosen) => {
    const headers = { ...(accept ? { accept } : {}), ...(language ? { 'accept-language': language } : {}) };
    const answer = await get('terms', headers);
    expect(answer.status).toBe(200);
    expect((answer.headers['content-type'] as string).split(';')[0]).toBe(type);
    expect(answer.headers['content-language']).toBe(chosen);
    expect(answer.headers['taler-terms-version']).toBe('v3');
  });

  it('name the languages there are in the chosen format', async () => {
    const answer = await get('terms', { accept: 'text/html' });
    expect((answer.headers['avail-languages'] as string).split(',').sort()).toEqual(['de', 'de-CH', 'en']);
  });

  it('come as the bytes of the file', async () => {
    const answer = await fetch(`${server.url}terms`, { headers: { accept: 'application/pdf' } });
    expect(Buffer.from(await answer.arrayBuffer())).toEqual(PDF);
  });

  it('are not sent again to whoever has them: 304', async () => {
    const { headers } = await get('terms');
    const etag = headers['etag'] as string;
    const bare = etag.slice(1, -1);
    for (const value of [etag, bare, bare.toLowerCase(), `W/${etag}`, `"other", ${etag}`, '*']) {
      const answer = await get('terms', { 'if-none-match': value });
      expect(answer).toMatchObject({
        status: 304,
        text: '',
        headers: { etag, 'taler-terms-version': 'v3', expires: expect.any(String) as string },
      });
    }
    expect((await get('terms', { 'if-none-match': '"other"' })).status).toBe(200);
    // What is had in one language is not had in another.
    const german = { 'if-none-match': etag, accept: 'text/html', 'accept-language': 'de' };
    expect((await get('terms', german)).status).toBe(200);
  });

  it('of privacy are a text of their own, whose only version needs no name', async () => {
    const answer = await get('privacy', { 'accept-language': 'en' });
    expect(answer).toMatchObject({
      status: 200,
      text: '# Datenschutz',
      headers: {
        'content-type': 'text/markdown; charset=utf-8',
        'content-language': 'de',
        'taler-terms-version': 'p1',
      },
    });
    const etag = answer.headers['etag'] as string;
    expect((await get('privacy', { accept: 'text/html', 'if-none-match': etag })).status).toBe(304);
  });

  it('answer HEAD without the body', async () => {
    const head = await server.api.call('HEAD', 'terms');
    expect(head).toMatchObject({ status: 200, text: '', headers: { 'taler-terms-version': 'v3' } });
  });

  it.each([
    'terms/../secret.txt',
    'terms/..%2fsecret.txt',
    'terms/en/v2.txt',
    'terms/README.txt',
    'privacy/%2e%2e/secret.txt',
  ])('are no folder to walk through: %s', async (path) => {
    const answer = await get(path);
    expect(answer.status).toBe(404);
    expect(answer.text).not.toContain('outdated');
  });

  it.each(['../secret', '../../etc/passwd', 'de/../../secret', 'v2'])(
    'are chosen by no name of a file: Accept-Language: %s',
    async (language) => {
      const answer = await get('terms', { 'accept-language': language });
      expect(answer).toMatchObject({ status: 200, text: 'Terms in English\n' });
    },
  );

  it('are read once: what happens to the files later does not matter', async () => {
    write('other/en/x.txt', 'as it was');
    const other = await serve({ terms: { directory: join(folder, 'other'), version: undefined } });
    try {
      rmSync(join(folder, 'other'), { recursive: true });
      expect((await other.api.get('terms')).text).toBe('as it was');
    } finally {
      await other.close();
    }
  });

  it('are 501 in plain text where none is configured', async () => {
    const bare = await serve({});
    try {
      for (const [path, name] of [
        ['terms', 'terms of service'],
        ['privacy', 'privacy policy'],
      ] as const) {
        const answer = await bare.api.get(path, { headers: { accept: 'application/json' } });
        expect(answer).toMatchObject({ status: 501, text: `This server has no ${name}.\n` });
        expect(answer.headers['content-type']).toMatch(/^text\/plain/);
      }
    } finally {
      await bare.close();
    }
  });

  it.each<[string, string, string | undefined, RegExp]>([
    ['does not exist', 'nowhere', undefined, /ENOENT/],
    ['holds nothing', 'terms/en', undefined, /no LANGUAGE\/VERSION\.EXTENSION/],
    ['lacks the version', 'terms', 'v9', /no LANGUAGE\/v9\.EXTENSION/],
    ['holds two versions', 'terms', undefined, /holds the versions .*; say which one is in force/],
  ])('stop the start of a server whose folder %s', async (_name, directory, version, message) => {
    const terms = { directory: join(folder, directory), version };
    await expect(serve({ terms })).rejects.toThrow(message);
  });
});
