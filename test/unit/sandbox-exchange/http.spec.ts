import { connect } from 'node:net';
import { deflateSync } from 'node:zlib';
import { startSandboxExchange } from '../../../sandbox/exchange/exchange-server';
import { expectAsRecorded, recordedAnswer } from './fixture';
import { send } from './http-client';
import { type BuiltDeposit, defined, Harness, makeMerchant } from './harness';

let harness: Harness;
const merchant = makeMerchant();
beforeAll(async () => {
  harness = await Harness.start();
});
afterAll(() => harness.close());

const MIB = 1024 * 1024;

async function goodDeposit(): Promise<BuiltDeposit> {
  const coin = await harness.coin('KUDOS:1');
  return harness.build({ merchant, parts: [{ coin, contribution: 'KUDOS:1' }] });
}

const post = (bytes: Buffer | string, headers: Record<string, string> = {}) =>
  send(harness.exchange.baseUrl, {
    method: 'POST',
    path: '/batch-deposit',
    bytes: Buffer.from(bytes),
    headers,
  });

describe('bodies', () => {
  it('that are no JSON objects are refused as recorded (060-065)', async () => {
    expectAsRecorded(await post('{"coins": ['), '060-malformed-json');
    expectAsRecorded(await post(''), '061-empty-body');
    expectAsRecorded(await post('[]'), '062-json-array');
    expectAsRecorded(await post('"x"'), '063-json-string');
    expectAsRecorded(await post('['.repeat(5000) + ']'.repeat(5000)), '064-deep-nesting');
    const invalid = Buffer.concat([
      Buffer.from('{"merchant_payto_uri":"'),
      Buffer.from([0xff, 0xfe]),
      Buffer.from('"}'),
    ]);
    expectAsRecorded(await post(invalid), '065-invalid-utf8');
  });

  it('may be compressed as zlib, and of any content type (066, 067)', async () => {
    const compressed = deflateSync(JSON.stringify((await goodDeposit()).body));
    expectAsRecorded(await post(compressed, { 'Content-Encoding': 'deflate' }), '066-deflate-body');
    const plain = JSON.stringify((await goodDeposit()).body);
    expectAsRecorded(await post(plain, { 'Content-Type': 'text/plain' }), '067-content-type-text');
    const broken = await post(plain, { 'Content-Encoding': 'deflate' });
    expect([broken.status, broken.body.code]).toEqual([400, 28]);
    const bomb = await post(deflateSync(Buffer.alloc(17 * MIB, 0x20)), { 'Content-Encoding': 'deflate' });
    expect([bomb.status, bomb.body.code]).toEqual([400, 28]);
  });

  it('of 2 MiB are fine (069)', async () => {
    const { body } = await goodDeposit();
    expectAsRecorded(await post(JSON.stringify({ ...body, pad: 'x'.repeat(2 * MIB) })), '069-two-mib-body');
  });

  it('that announce more than 16 MiB get 413 before they are read (068, 068b)', async () => {
    const url = new URL(harness.exchange.baseUrl);
    const text = await new Promise<string>((resolve, reject) => {
      const socket = connect(Number(url.port), url.hostname, () => {
        socket.write('POST /batch-deposit HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999\r\n\r\n{');
      });
      let received = '';
      socket.on('data', (chunk) => (received += chunk.toString()));
      socket.on('end', () => resolve(received));
      socket.on('error', reject);
    });
    expect(text).toMatch(/^HTTP\/1\.1 413 /);
    expect(text).toMatch(/"code": 32/);
    expect(text.toLowerCase()).toContain('connection: close');
  });

  it('that turn out longer than 16 MiB end the connection without an answer (068c)', async () => {
    const long = send(harness.exchange.baseUrl, {
      method: 'POST',
      path: '/batch-deposit',
      bytes: Buffer.alloc(17 * MIB, 0x20),
      chunked: true,
    });
    await expect(long).rejects.toThrow();
    expect((await harness.get('/config')).status).toBe(200);
  });
});

describe('methods and paths', () => {
  it('that do not exist are refused as recorded (071, 072)', async () => {
    const method = await harness.get('/batch-deposit');
    expectAsRecorded(method, '071-method-not-allowed');
    expect([method.headers.allow, method.body.detail]).toEqual(['POST', 'GET']);
    const unknown = await harness.get('/no-such-endpoint');
    expectAsRecorded(unknown, '072-unknown-endpoint');
    expect(unknown.body.detail).toBe('/no-such-endpoint');
    const removed = await send(harness.exchange.baseUrl, { method: 'DELETE', path: '/keys' });
    expect([removed.status, removed.headers.allow, removed.body.detail]).toEqual([
      405,
      'GET, HEAD',
      'DELETE',
    ]);
    expect((await harness.get(`/${'x'.repeat(600)}`)).status).toBe(414);
  });

  it('answer HEAD like GET without a body, and OPTIONS for browsers (073, 074)', async () => {
    const head = await send(harness.exchange.baseUrl, { method: 'HEAD', path: '/config' });
    const recorded = recordedAnswer('073-head-config');
    expect([head.status, head.text]).toEqual([recorded.status, '']);
    for (const name of ['content-type', 'cache-control', 'expires', 'connection', 'content-length']) {
      expect([name, head.headers[name]]).toEqual([name, recorded.headers[name]]);
    }
    const options = await send(harness.exchange.baseUrl, { method: 'OPTIONS', path: '/batch-deposit' });
    const preflight = recordedAnswer('074-options');
    expect([options.status, options.text]).toEqual([204, '']);
    for (const name of [
      'access-control-allow-headers',
      'access-control-allow-methods',
      'access-control-allow-origin',
    ]) {
      expect([name, options.headers[name]]).toEqual([name, preflight.headers[name]]);
    }
  });

  it('work below the path of the base URL, with and without it in the request', async () => {
    const own = await startSandboxExchange({ rsaBits: 1024, baseUrl: 'https://exchange.example/taler' });
    try {
      expect(own.baseUrl).toBe('https://exchange.example/taler/');
      for (const path of ['taler/keys', 'keys']) {
        const answer = await send(`http://127.0.0.1:${own.port}/`, { method: 'GET', path });
        expect([answer.status, answer.body.base_url]).toEqual([200, own.baseUrl]);
      }
    } finally {
      await own.close();
    }
  });
});

describe('connections', () => {
  it('end after GET and go on after POST', async () => {
    expect((await harness.get('/config')).headers.connection).toBe('close');
    const answer = await post('{}', { Connection: 'keep-alive' });
    expect(answer.headers.connection).toBe('keep-alive');
    expect(defined(answer.headers['keep-alive'])).toContain('timeout=65');
  });
});
