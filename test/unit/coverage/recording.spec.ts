import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beginTest, endTest, type RecordedLine } from '../../coverage/recording';
import { Api } from '../../support/api';
import { setUp } from './set-up';

describe('the recording of what tests see', () => {
  let directory: string;
  let server: Server;
  let api: Api;
  const { PROTOCOL_RECORDING } = process.env;

  beforeAll(async () => {
    server = createServer((_request, response) => {
      const body = { code: 2005, hint: 'unknown', request_id: 'r' };
      response.writeHead(404, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    api = new Api(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
  });
  afterAll(() => void server.close());
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'protocol-recording-'));
    process.env['PROTOCOL_RECORDING'] = directory;
  });
  afterEach(() => {
    if (PROTOCOL_RECORDING === undefined) delete process.env['PROTOCOL_RECORDING'];
    else process.env['PROTOCOL_RECORDING'] = PROTOCOL_RECORDING;
    rmSync(directory, { recursive: true });
  });

  const recorded = () =>
    readdirSync(directory).flatMap((name) =>
      readFileSync(join(directory, name), 'utf8')
        .trim()
        .split('\n')
        .map((text) => JSON.parse(text) as RecordedLine),
    );
  const ask = () =>
    api.get('instances/shop/orders/x?token=&session_id=s', { token: 't', headers: { Accept: '*/*' } });

  it('has the answer as the document names it, with what was sent', async () => {
    beginTest('test/e2e/a.spec.ts', 'a test');
    expect((await ask()).status).toBe(404);
    endTest();
    expect(recorded()).toEqual([
      {
        file: 'test/e2e/a.spec.ts',
        test: 'a test',
        direct: true,
        method: 'GET',
        path: '/orders/{order_id}',
        status: 404,
        code: 2005,
        query: ['token', 'session_id'],
        headers: ['authorization', 'accept'],
        answerHeaders: expect.arrayContaining(['content-type']) as unknown,
      },
    ]);
  });

  it('tells what a matcher of the spec read from what a helper checked for itself', async () => {
    beginTest('test/e2e/a.spec.ts', 'by a matcher');
    expect(await ask()).toMatchObject({ status: 404 });
    endTest();
    beginTest('test/e2e/a.spec.ts', 'by a helper');
    await setUp(api);
    endTest();
    expect(recorded()).toMatchObject([{ direct: true }, { direct: false }]);
  });

  it('leaves out an answer that nobody looked at, and one that came outside of a test', async () => {
    beginTest('test/e2e/a.spec.ts', 'a test');
    const unseen = await ask();
    endTest();
    expect(unseen.body).toMatchObject({ code: 2005 });
    expect(recorded()).toEqual([]);
  });

  it.each([
    'test/e2e/bad-input/bodies.property.spec.ts',
    'test/e2e/model/orders.spec.ts',
    'test/e2e/isolation/instances.spec.ts',
  ])('leaves out tests whose requests are random: %s', async (file) => {
    beginTest(file, 'a test');
    expect((await ask()).status).toBe(404);
    endTest();
    expect(recorded()).toEqual([]);
  });

  it('lets answers be compared, spread and matched as plain objects', async () => {
    const answer = await ask();
    expect(answer).toMatchObject({ status: 404, body: { code: 2005 } });
    expect({ ...answer }).toEqual(answer);
    expect(Object.keys(answer)).toEqual(['status', 'headers', 'text', 'body']);
  });
});
