import { deflateSync, gzipSync } from 'node:zlib';
import { ExchangeDirectory, normalizeBaseUrl } from '../../../src/exchange/exchange-directory';
import {
  KEYS_BYTES_MAX,
  ExchangeHttp,
  ExchangeRequest,
  REPLY_BYTES_MAX,
} from '../../../src/exchange/exchange-http';
import { answerJson, configWith, Handler, ScriptedServer } from './support';

const MASTER = Buffer.alloc(32, 1);
/** Never used up where an answer comes: a machine may stall for seconds. */
const ANSWERED_MS = 60_000;

describe('requests to an exchange', () => {
  let server: ScriptedServer;
  let http: ExchangeHttp;

  beforeEach(async () => {
    server = await ScriptedServer.start();
    http = new ExchangeHttp(new ExchangeDirectory(configWith([trusted()])));
  });

  afterEach(async () => {
    await http.onApplicationShutdown();
    await server.close();
  });

  const trusted = () => ({ baseUrl: server.baseUrl, masterPub: MASTER, currency: 'KUDOS' });

  function get(handler: Handler, options: Partial<ExchangeRequest> = {}) {
    server.handler = handler;
    return http.request({
      exchange: trusted(),
      method: 'GET',
      path: 'keys',
      timeoutMs: ANSWERED_MS,
      ...options,
    });
  }

  it('carry JSON, announce deflate where the reply may be large, and give back status, body and Expires', async () => {
    const reply = await get(
      (_request, response) =>
        answerJson(response, 409, { code: 1012 }, { expires: 'Mon, 21 Dec 2026 00:00:00 GMT' }),
      { method: 'POST', path: 'batch-deposit', body: { a: 1 }, query: { lpt: '1' } },
    );
    expect(reply).toEqual({
      kind: 'answer',
      status: 409,
      body: { code: 1012 },
      text: '{"code":1012}',
      expires: 'Mon, 21 Dec 2026 00:00:00 GMT',
    });
    const [seen] = server.seen;
    expect(seen).toMatchObject({ method: 'POST', url: '/batch-deposit?lpt=1', body: '{"a":1}' });
    expect(seen?.headers['accept-encoding']).toBe('identity');
    expect(seen?.headers['content-type']).toBe('application/json');
    await get((_request, response) => answerJson(response, 200, {}), { replyBytesMax: KEYS_BYTES_MAX });
    expect(server.seen[1]?.headers['accept-encoding']).toBe('deflate');
  });

  it('understand replies compressed with deflate', async () => {
    const packed = deflateSync(JSON.stringify({ text: 'x'.repeat(1000) }));
    const reply = await get((_request, response) =>
      response.writeHead(200, { 'content-encoding': 'deflate' }).end(packed),
    );
    expect(reply).toMatchObject({ status: 200, body: { text: 'x'.repeat(1000) } });
  });

  const unusable: [string, Handler][] = [
    ['is not JSON', (_request, response) => response.writeHead(200).end('<html>')],
    ['is empty', (_request, response) => response.writeHead(200).end()],
    ['is no UTF-8', (_request, response) => response.writeHead(200).end(Buffer.from([0x22, 0xff, 0x22]))],
    ['holds a NUL', (_request, response) => response.writeHead(200).end('{"a":"\\u0000"}')],
    ['holds half a surrogate pair', (_request, response) => response.writeHead(200).end('{"a":"\\ud800"}')],
    ['is nested ten thousand deep', (_request, response) => response.end('['.repeat(1e4) + ']'.repeat(1e4))],
    [
      'uses an encoding that was not offered',
      (_request, response) => response.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync('{}')),
    ],
    [
      'only pretends to be compressed',
      (_request, response) => response.writeHead(200, { 'content-encoding': 'deflate' }).end('{}'),
    ],
    [
      'inflates beyond the limit',
      (_request, response) =>
        response
          .writeHead(200, { 'content-encoding': 'deflate' })
          .end(deflateSync(JSON.stringify('x'.repeat(REPLY_BYTES_MAX)))),
    ],
    [
      'is larger than the limit',
      (_request, response) => response.end(JSON.stringify('x'.repeat(REPLY_BYTES_MAX))),
    ],
  ];

  it.each(unusable)('give the status without a body when the body %s', async (_what, handler) => {
    expect(await get(handler)).toMatchObject({ kind: 'answer', status: 200, body: undefined, text: '' });
  });

  it('stop reading an endless body at the limit', async () => {
    let sent = 0;
    const reply = await get((_request, response) => {
      const chunk = Buffer.alloc(64 * 1024, 0x20);
      const pump = () => {
        while (!response.destroyed && response.write(chunk)) sent += chunk.length;
        response.once('drain', pump);
      };
      pump();
    });
    expect(reply).toMatchObject({ kind: 'answer', status: 200, body: undefined });
    expect(sent).toBeLessThan(32 * REPLY_BYTES_MAX);
  });

  it('do not follow redirects', async () => {
    const reply = await get((_request, response) =>
      response.writeHead(302, { location: `${server.baseUrl}elsewhere` }).end(),
    );
    expect(reply).toMatchObject({ kind: 'answer', status: 302, body: undefined });
    expect(server.count('/elsewhere')).toBe(0);
  });

  const slow: [string, Handler][] = [
    ['never answers', () => undefined],
    ['sends headers and then nothing', (_request, response) => response.writeHead(200).flushHeaders()],
    [
      'drips a byte at a time',
      (_request, response) => {
        const timer = setInterval(() => response.write(' '), 20);
        response.on('close', () => clearInterval(timer));
      },
    ],
  ];

  it.each(slow)('time out as a whole when the exchange %s', async (_what, handler) => {
    // None of them would ever end by itself.
    expect(await get(handler, { timeoutMs: 150 })).toEqual({ kind: 'timeout' });
  });

  it('are given up when the caller aborts', async () => {
    const controller = new AbortController();
    const reply = get(() => controller.abort(), { signal: controller.signal });
    expect(await reply).toEqual({ kind: 'timeout' });
    expect(await get(() => undefined, { signal: AbortSignal.abort() })).toEqual({ kind: 'timeout' });
    expect(server.count('/keys')).toBe(1);
  });

  const broken: [string, Handler][] = [
    ['hangs up', (_request, response) => response.socket?.destroy()],
    [
      'hangs up in the middle of the body',
      (_request, response) => {
        response.writeHead(200, { 'content-length': '100' });
        response.write('{"a":', () => response.socket?.destroy());
      },
    ],
    ['does not speak HTTP', (_request, response) => response.socket?.end('no such thing\r\n\r\n')],
  ];

  it.each(broken)('count as unreachable when the exchange %s', async (_what, handler) => {
    expect(await get(handler)).toMatchObject({ kind: 'unreachable' });
  });

  it('count as unreachable when nobody listens', async () => {
    const exchange = trusted();
    await server.close();
    const reply = await http.request({ exchange, method: 'GET', path: 'keys', timeoutMs: ANSWERED_MS });
    expect(reply).toMatchObject({ kind: 'unreachable', cause: { code: 'ECONNREFUSED' } });
  });

  it('go to configured exchanges only, and to plain paths below them', async () => {
    const foreign = { ...trusted(), baseUrl: 'http://169.254.169.254/' };
    await expect(get(() => undefined, { exchange: foreign })).rejects.toThrow('not configured');
    for (const path of ['../admin', 'a//b', '/keys', 'keys?x=1', 'a/..', '']) {
      await expect(get(() => undefined, { path })).rejects.toThrow('plain segments');
    }
    expect(server.seen).toEqual([]);
  });
});

describe('the directory of exchanges', () => {
  const entry = (baseUrl: string, currency = 'KUDOS') => ({ baseUrl, masterPub: MASTER, currency });
  const directory = new ExchangeDirectory(
    configWith([entry('https://Exchange.Example:443/taler'), entry('http://other.example:8081/', 'EUR')]),
  );

  it.each([
    'https://exchange.example/taler/',
    'https://exchange.example/taler',
    'HTTPS://EXCHANGE.example:443/taler/',
  ])('finds an exchange written as %s', (url) => {
    expect(directory.find(url)?.baseUrl).toBe('https://exchange.example/taler/');
  });

  it.each([
    'http://exchange.example/taler/',
    'https://exchange.example/Taler/',
    'https://exchange.example/',
    'https://user@exchange.example/taler/',
    'https://exchange.example/taler/?x=1',
    'not a URL',
    '',
  ])('does not take %s for it', (url) => {
    expect(directory.find(url)).toBeUndefined();
  });

  it('lists all, and those of a currency', () => {
    expect(directory.list().map(({ currency }) => currency)).toEqual(['KUDOS', 'EUR']);
    expect(directory.forCurrency('EUR').map(({ baseUrl }) => baseUrl)).toEqual([
      'http://other.example:8081/',
    ]);
    expect(directory.forCurrency('CHF')).toEqual([]);
  });

  it('refuses a configuration that is unusable or ambiguous', () => {
    expect(() => new ExchangeDirectory(configWith([entry('ftp://exchange.example/')]))).toThrow('not usable');
    const twice = [entry('https://exchange.example/'), entry('https://EXCHANGE.example')];
    expect(() => new ExchangeDirectory(configWith(twice))).toThrow('twice');
  });

  it('normalises base URLs', () => {
    expect(normalizeBaseUrl('http://LOCALHOST:80/a/../b')).toBe('http://localhost/b/');
    expect(normalizeBaseUrl('javascript:alert(1)')).toBeUndefined();
  });
});
