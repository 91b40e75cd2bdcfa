import { createInflate, deflateRawSync, deflateSync, gzipSync, type Inflate } from 'node:zlib';
import { encodeBase32 } from '../../../src/taler/base32';
import { eddsaPublicKey, generateSeed } from '../../../src/taler/eddsa';
import { createOrder, startTestWorld, TestWorld } from '../../support/app';
import { Fingerprint, fingerprinter } from './fingerprint';
import { judgeReply } from './oracle';
import { RawClient, RawReply, sendBytes } from './raw-client';

const PATH = '/instances/shop/private/orders';
const ORDER = { order: { amount: 'KUDOS:5', summary: 'Article 42' } };
const TEXT = JSON.stringify(ORDER);
const MIB = 1024 * 1024;
/** The largest body that is taken (conventions.md 5.2), told by the reference and not by the code under test. */
const BODY_BYTES_MAX = 8 * MIB;

/** A valid request of so many bytes: the rest is white space, which JSON allows. */
function padded(bytes: number): Buffer {
  return Buffer.concat([Buffer.from(TEXT), Buffer.alloc(bytes - TEXT.length, ' ')]);
}

function pieces(body: Buffer, size = 256 * 1024): Buffer[] {
  return Array.from({ length: Math.ceil(body.length / size) }, (_, index) =>
    body.subarray(index * size, (index + 1) * size),
  );
}

describe('the bytes of a body', () => {
  let world: TestWorld;
  let client: RawClient;
  let fingerprint: () => Promise<Fingerprint>;

  beforeAll(async () => {
    world = await startTestWorld();
    client = new RawClient(world.server.url);
    fingerprint = await fingerprinter(world.database);
  });
  afterAll(async () => {
    client?.close();
    await world?.close();
  });

  function send(body: string | Buffer | Buffer[], headers: Record<string, string> = {}): Promise<RawReply> {
    const authorization = `Bearer ${world.shop.token}`;
    return client.send({ method: 'POST', path: PATH, body, headers: { authorization, ...headers } });
  }

  /** Expects the error, that nothing was stored, and that the same connection still creates orders. */
  async function expectRefused(
    reply: Promise<RawReply>,
    status: number,
    code: number,
  ): Promise<Record<string, unknown>> {
    const before = await fingerprint();
    const answer = await reply;
    const judgement = judgeReply(answer, 'POST');
    expect({ status: answer.status, code: judgement.code }).toEqual({ status, code });
    expect(await fingerprint()).toEqual(before);
    expect((await send(TEXT)).status).toBe(200);
    return judgement.body ?? {};
  }

  describe('that are no JSON', () => {
    const notJson: Record<string, string | Buffer> = {
      'nothing at all': '',
      'white space': ' \n',
      'a word': 'order',
      'a form': 'order=1&amount=KUDOS%3A5',
      'single quotes': TEXT.replaceAll('"', "'"),
      'a comma too many': '{"order":{},}',
      'a comment': '{/* */}',
      NaN: '{"order":NaN}',
      'a raw line break in a string': '{"order":{"summary":"a\nb"}}',
      'a bad escape': '{"order":{"summary":"\\x41"}}',
      'half of it': TEXT.slice(0, TEXT.length / 2),
      'two documents': TEXT + TEXT,
      'a NUL behind it': `${TEXT}\0`,
      'a byte order mark': `\ufeff${TEXT}`,
      'Latin-1': Buffer.from(TEXT.replace('Article', '\u00c4rticle'), 'latin1'),
      'UTF-16': Buffer.from(TEXT, 'utf16le'),
      'an overlong NUL': Buffer.concat([
        Buffer.from('{"order":"'),
        Buffer.from([0xc0, 0x80]),
        Buffer.from('"}'),
      ]),
      'a surrogate in UTF-8': Buffer.concat([
        Buffer.from('{"order":"'),
        Buffer.from([0xed, 0xa0, 0x80]),
        Buffer.from('"}'),
      ]),
      'arrays 100,000 deep': '['.repeat(100_000) + ']'.repeat(100_000),
      'objects 100,000 deep': '{"order":'.repeat(100_000) + '{}' + '}'.repeat(100_000),
    };
    it.each(Object.entries(notJson))('are 400 with code 22: %s', async (_, body) => {
      const error = await expectRefused(send(body), 400, 22);
      expect(error).not.toHaveProperty('field');
    });

    it.each(['utf-16', 'utf-16le', 'iso-8859-1', 'utf-7', 'no-such-charset'])(
      'are not made JSON by a Content-Type with the charset %s',
      async (charset) => {
        const type = { 'content-type': `application/json; charset=${charset}` };
        await expectRefused(send(Buffer.from(TEXT, 'utf16le'), type), 400, 22);
      },
    );
  });

  describe('that are JSON, but no object', () => {
    it.each(['null', '[]', '"text"', '1', 'true', `[${TEXT}]`])('are 400 with code 26: %s', async (body) => {
      const error = await expectRefused(send(body), 400, 26);
      expect(error).toMatchObject({ field: '', detail: expect.stringContaining('JSON object') as string });
    });
  });

  describe('whatever the Content-Type says', () => {
    const types = [
      'text/plain',
      'application/x-www-form-urlencoded',
      'multipart/form-data; boundary=x',
      'application/json; charset=iso-8859-1',
      'application/json; charset=utf-16',
      'application/json; charset=no-such-charset',
      'application/octet-stream',
      'nonsense',
      ';;;',
    ];
    it.each(types)('are read as JSON in UTF-8: %s', async (type) => {
      expect((await send(TEXT, { 'content-type': type })).status).toBe(200);
    });

    it('are read as JSON without one', async () => {
      expect((await send(TEXT)).status).toBe(200);
    });
  });

  describe('and their number', () => {
    it('may be 8 MiB', async () => {
      expect((await send(padded(BODY_BYTES_MAX))).status).toBe(200);
    });

    it('is refused above 8 MiB when it is announced', async () => {
      await expectRefused(send(padded(BODY_BYTES_MAX + 1)), 413, 32);
    });

    it('is refused above 8 MiB when it is not announced', async () => {
      await expectRefused(send(pieces(padded(BODY_BYTES_MAX + 1))), 413, 32);
    });

    it('is refused by its announcement alone', async () => {
      const head = [
        `POST ${PATH} HTTP/1.1`,
        'Host: localhost',
        `Authorization: Bearer ${world.shop.token}`,
        `Content-Length: ${100 * MIB}`,
        '\r\n',
      ];
      const answer = await sendBytes(world.server.url, head.join('\r\n'), (received) =>
        received.includes('"code"'),
      );
      expect(answer).toMatch(/^HTTP\/1\.1 413 /);
      expect(answer).toMatch(/"code": ?32\b/);
    });

    it('is refused although it never ends', async () => {
      const head = [
        `POST ${PATH} HTTP/1.1`,
        'Host: localhost',
        `Authorization: Bearer ${world.shop.token}`,
        'Transfer-Encoding: chunked',
        '\r\n',
      ];
      const chunk = `${MIB.toString(16)}\r\n${' '.repeat(MIB)}\r\n`;
      const answer = await sendBytes(world.server.url, head.join('\r\n') + chunk.repeat(9), (received) =>
        received.includes('"code"'),
      );
      expect(answer).toMatch(/^HTTP\/1\.1 413 /);
      expect(answer).toMatch(/"code": ?32\b/);
    });

    it('need not be announced', async () => {
      expect((await send(pieces(Buffer.from(TEXT), 7))).status).toBe(200);
    });

    it('is no reason to read the body of whom the doors do not let in', async () => {
      const path = '/instances/nobody/private/orders';
      const unknown = await client.send({ method: 'POST', path, body: padded(BODY_BYTES_MAX + 1) });
      expect(judgeReply(unknown, 'POST').code).toBe(2000);
      const stranger = await client.send({ method: 'POST', path: PATH, body: '{' });
      expect(judgeReply(stranger, 'POST').code).toBe(2015);
    });
  });

  describe('compressed', () => {
    const deflated = { 'content-encoding': 'deflate' };

    it('by deflate, in the zlib format, are understood', async () => {
      expect((await send(deflateSync(TEXT), deflated)).status).toBe(200);
      expect((await send(pieces(deflateSync(TEXT), 5), { 'content-encoding': 'Deflate' })).status).toBe(200);
    });

    const broken: Record<string, Buffer> = {
      'no zlib at all': Buffer.from(TEXT),
      nothing: Buffer.alloc(0),
      'raw deflate': deflateRawSync(TEXT),
      gzip: gzipSync(TEXT),
      'cut off': deflateSync(TEXT).subarray(0, -8),
      'a wrong checksum': Buffer.concat([deflateSync(TEXT).subarray(0, -1), Buffer.from([0x55])]),
      'a changed byte': corrupt(deflateSync(TEXT)),
    };
    it.each(Object.entries(broken))('wrongly are 400 with code 28: %s', async (_, body) => {
      await expectRefused(send(body, deflated), 400, 28);
    });

    it('JSON that is none is 400 with code 22', async () => {
      await expectRefused(send(deflateSync('{"order":'), deflated), 400, 22);
    });

    it.each(['zstd', 'compress', 'snappy', 'deflate, deflate', 'nonsense'])(
      'in a way that is not known are 400 with code 28: %s',
      async (encoding) => {
        await expectRefused(send(TEXT, { 'content-encoding': encoding }), 400, 28);
      },
    );

    it('count with their size after inflating', async () => {
      expect((await send(deflateSync(padded(BODY_BYTES_MAX)), deflated)).status).toBe(200);
      await expectRefused(send(deflateSync(padded(BODY_BYTES_MAX + 1)), deflated), 413, 32);
    });

    it('to a bomb are refused long before it is whole', async () => {
      const bomb = deflateSync(Buffer.alloc(256 * MIB, ' '));
      let inflated = 0;
      const inflaters = Object.getPrototypeOf(createInflate()) as Inflate;
      const { push } = inflaters;
      const spy = jest.spyOn(inflaters, 'push').mockImplementation(function (
        this: Inflate,
        chunk: Buffer | null,
        encoding,
      ) {
        inflated += chunk?.length ?? 0;
        return push.call(this, chunk, encoding);
      });
      await expectRefused(send(bomb, deflated), 413, 32).finally(() => spy.mockRestore());
      expect(inflated).toBeGreaterThan(BODY_BYTES_MAX);
      expect(inflated).toBeLessThan(2 * BODY_BYTES_MAX);
    });
  });

  it('of a payment are refused as UTF-16 or with a byte order mark, which could not be finished after a crash', async () => {
    const order = await createOrder(world.shop, { amount: 'KUDOS:0' });
    const nonce = encodeBase32(eddsaPublicKey(generateSeed()));
    const base = `/instances/shop/orders/${order.orderId}`;
    const claim = JSON.stringify({ nonce, token: order.token });
    expect((await client.send({ method: 'POST', path: `${base}/claim`, body: claim })).status).toBe(200);
    const pay = (body: string | Buffer, type: string) =>
      client.send({ method: 'POST', path: `${base}/pay`, body, headers: { 'content-type': type } });
    const text = JSON.stringify({ coins: [] });
    await expectRefused(pay(Buffer.from(text, 'utf16le'), 'application/json; charset=utf-16le'), 400, 22);
    await expectRefused(pay(`\ufeff${text}`, 'application/json'), 400, 22);
    expect((await pay(text, 'application/json; charset=utf-16le')).status).toBe(200);
  });
});

function corrupt(bytes: Buffer): Buffer {
  const changed = Buffer.from(bytes);
  changed[10] = (changed[10] ?? 0) ^ 0xff;
  return changed;
}
