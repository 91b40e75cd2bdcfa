import { once } from 'node:events';
import { createServer, request as httpRequest, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { deflateRawSync, deflateSync, gzipSync } from 'node:zlib';
import type { ExecutionContext } from '@nestjs/common';
import { TalerError } from '../../taler/taler-error';
import { BODY_BYTES_MAX, JsonBodyGuard } from './json-body';
import type { TalerRequest } from './request';

interface Outcome {
  /** undefined: not a TalerError, or none at all. */
  readonly code?: number;
  readonly status?: number;
  readonly body?: unknown;
  /** The bytes that were kept, as text. */
  readonly raw?: string;
  /** type of the parser's own error, if it is none of ours */
  readonly type?: string;
}

/** Real requests through a real server, whose only work is the guard. */
describe('the body of a request', () => {
  let server: Server;
  let port: number;
  const guard = new JsonBodyGuard();

  beforeAll(async () => {
    server = createServer((request, response) => {
      const context = {
        switchToHttp: () => ({ getRequest: () => request, getResponse: () => response }),
      } as unknown as ExecutionContext;
      const taler = request as unknown as TalerRequest;
      const judged = Promise.resolve()
        .then(() => guard.canActivate(context))
        .then((): Outcome => ({ body: taler.body as unknown, raw: taler.rawBody?.toString('utf8') }))
        .catch((error: unknown): Outcome => {
          if (error instanceof TalerError) return { code: error.code, status: error.status };
          return { type: (error as { type?: string }).type ?? 'unknown' };
        });
      void judged.then((outcome) => response.end(JSON.stringify(outcome)));
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    port = (server.address() as AddressInfo).port;
  });
  afterAll(() => {
    server.closeAllConnections();
    server.close();
  });

  async function send(
    body: string | Buffer,
    headers: Record<string, string> = {},
    method = 'POST',
  ): Promise<Outcome> {
    const request = httpRequest({ port, host: '127.0.0.1', method, headers, agent: false });
    // A refused upload may be cut off; the answer is read all the same.
    request.on('error', () => undefined);
    const answered = once(request, 'response') as Promise<[NodeJS.ReadableStream]>;
    request.end(body);
    const [response] = await answered;
    let text = '';
    for await (const chunk of response) text += String(chunk);
    return JSON.parse(text) as Outcome;
  }

  it.each<[string, unknown]>([
    ['{"a":1}', { a: 1 }],
    [' [1, 2]\n', [1, 2]],
    ['null', null],
    ['"text"', 'text'],
    ['{"a":1,"a":2}', { a: 2 }],
    ['{"a":"ク \\u0041"}', { a: 'ク A' }],
  ])('%j is read, and its bytes are kept', async (text, value) => {
    expect(await send(text)).toEqual({ body: value, raw: text });
  });

  it.each([
    'text/plain',
    'application/x-www-form-urlencoded',
    'application/json; charset=latin1',
    'nonsense',
  ])('is UTF-8 JSON whatever the Content-Type says: %s', async (type) => {
    expect(await send('{"a":"ö"}', { 'content-type': type })).toMatchObject({ body: { a: 'ö' } });
  });

  it.each<[string, string | Buffer]>([
    ['text that is not JSON', 'order=5'],
    ['half an object', '{"a":'],
    ['two values', '{}{}'],
    ['a comment', '{} // x'],
    ['NaN', '{"a":NaN}'],
    ['a trailing comma', '{"a":1,}'],
    ['invalid UTF-8', Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d])],
    ['an overlong form of UTF-8', Buffer.from([0x22, 0xc0, 0xaf, 0x22])],
    ['UTF-16', Buffer.from('{"a":1}', 'utf16le')],
    ['arrays nested too deeply', '['.repeat(65) + ']'.repeat(65)],
    ['objects nested too deeply', '{"a":'.repeat(65) + '1' + '}'.repeat(65)],
    ['100,000 opening brackets', '['.repeat(100_000)],
  ])('%s is refused: 400 with 22', async (_name, body) => {
    expect(await send(body)).toEqual({ code: 22, status: 400 });
  });

  it('may nest 64 deep, and brackets inside strings do not count', async () => {
    const deep = '['.repeat(64) + ']'.repeat(64);
    expect(await send(deep)).toMatchObject({ raw: deep });
    const text = JSON.stringify({ a: '[{'.repeat(500), b: '\\"[[[' });
    expect(await send(text)).toMatchObject({ raw: text });
  });

  it('is absent where there is none, and where the method has none', async () => {
    expect(await send('')).toEqual({});
    expect(await send('{ no json', { 'content-length': '9' }, 'DELETE')).toEqual({});
  });

  describe('with Content-Encoding', () => {
    it('deflate is inflated, as RFC 1950 says', async () => {
      const outcome = await send(deflateSync('{"a":1}'), { 'content-encoding': 'deflate' });
      expect(outcome).toEqual({ body: { a: 1 }, raw: '{"a":1}' });
    });

    it.each<[string, Buffer]>([
      ['broken', Buffer.concat([deflateSync('{"a":1}').subarray(0, 6), Buffer.alloc(5, 0xff)])],
      ['cut off', deflateSync(JSON.stringify({ a: 'x'.repeat(1000) })).subarray(0, 12)],
      ['not deflate at all', Buffer.from('{"a":1}')],
    ])('deflate that is %s is refused: 400 with 28', async (_name, body) => {
      expect(await send(body, { 'content-encoding': 'deflate' })).toEqual({ code: 28, status: 400 });
    });

    it('is counted after inflating: a small body that grows too large is refused', async () => {
      const bomb = deflateSync(Buffer.alloc(BODY_BYTES_MAX + 1, 0x20));
      expect(bomb.length).toBeLessThan(100_000);
      const outcome = await send(bomb, { 'content-encoding': 'deflate' });
      // The filter knows the parser's own name for it and answers 413 with 32.
      expect(outcome.code === 32 || outcome.type === 'entity.too.large').toBe(true);
    });

    it('of another kind is no JSON or not understood, never read wrongly', async () => {
      for (const [encoding, body] of [
        ['br', Buffer.from('{"a":1}')],
        ['deflate', deflateRawSync('{"a":1}')],
      ] as const) {
        const outcome = await send(body, { 'content-encoding': encoding });
        expect(outcome).not.toHaveProperty('body');
      }
      const zipped = await send(gzipSync('{"a":1}'), { 'content-encoding': 'gzip' });
      expect(zipped.body === undefined || JSON.stringify(zipped.body) === '{"a":1}').toBe(true);
    });
  });

  describe('too large', () => {
    const tooMuch = Buffer.alloc(BODY_BYTES_MAX + 1, 0x20);

    it('is refused by its announced length, unread: 413 with 32', async () => {
      const request = httpRequest({ port, host: '127.0.0.1', method: 'POST', agent: false });
      request.setHeader('content-length', BODY_BYTES_MAX + 1);
      request.on('error', () => undefined);
      const answered = once(request, 'response') as Promise<[NodeJS.ReadableStream]>;
      request.flushHeaders();
      const [response] = await answered;
      let text = '';
      for await (const chunk of response) text += String(chunk);
      request.destroy();
      expect(JSON.parse(text)).toEqual({ code: 32, status: 413 });
    });

    it('is refused when it turns out so in chunks: 413 with 32', async () => {
      expect(await send(tooMuch, { 'transfer-encoding': 'chunked' })).toEqual({ code: 32, status: 413 });
    });

    it('begins above the limit: that many bytes are read', async () => {
      const text = `"${'x'.repeat(BODY_BYTES_MAX - 2)}"`;
      expect((await send(text)).raw).toHaveLength(BODY_BYTES_MAX);
    });
  });
});
