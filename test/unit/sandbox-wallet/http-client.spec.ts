import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { HttpClient, type HttpRecord } from '../../../sandbox/wallet/http-client';

let server: Server | undefined;
let client: HttpClient;
let records: HttpRecord[];
let pauses: number[];

beforeEach(() => {
  records = [];
  pauses = [];
  client = new HttpClient(
    (record) => records.push(record),
    (ms) => {
      pauses.push(ms);
      return Promise.resolve();
    },
  );
});

afterEach(async () => {
  await client.close();
  server?.closeAllConnections();
  await new Promise((resolve) => (server === undefined ? resolve(undefined) : server.close(resolve)));
  server = undefined;
});

async function serve(listener: RequestListener): Promise<string> {
  const started = createServer(listener);
  server = started;
  await new Promise<void>((resolve) => started.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(started.address() as AddressInfo).port}/`;
}

describe('HttpClient', () => {
  it('gives status, text and parsed body, and shows the exchange to the observer', async () => {
    const url = await serve((request, response) => {
      request.resume();
      response.end('{"a":1}');
    });
    const answer = await client.post(url, '{"q":2}');
    expect(answer).toEqual({ status: 200, text: '{"a":1}', body: { a: 1 } });
    expect(records).toMatchObject([{ method: 'POST', url, requestText: '{"q":2}', answer }]);
  });

  it('leaves the body undefined when it is not JSON or there is none', async () => {
    const url = await serve((request, response) => response.end(request.url === '/html' ? '<html>' : ''));
    expect(await client.get(`${url}html`)).toMatchObject({ text: '<html>', body: undefined });
    expect(await client.get(url)).toMatchObject({ text: '', body: undefined });
  });

  it('gives up on a silent server', async () => {
    const url = await serve(() => undefined);
    await expect(client.get(url, { timeoutMs: 50 })).rejects.toMatchObject({ kind: 'timeout' });
    expect(records).toMatchObject([{ answer: undefined }]);
  });

  it('gives up on a server that dribbles for longer than the whole request may take', async () => {
    const url = await serve((_, response) => {
      const timer = setInterval(() => response.write(' '), 10);
      response.on('close', () => clearInterval(timer));
    });
    await expect(client.get(url, { timeoutMs: 150 })).rejects.toMatchObject({ kind: 'timeout' });
  });

  it('stops reading an answer that is too long', async () => {
    const url = await serve((_, response) => response.end('x'.repeat(5000)));
    await expect(client.get(url, { bytesMax: 1000 })).rejects.toMatchObject({ kind: 'bad-answer' });
  });

  it('does not follow redirects', async () => {
    let requests = 0;
    const url = await serve((_, response) => {
      requests += 1;
      response.writeHead(302, { location: '/elsewhere' }).end();
    });
    expect(await client.get(url)).toMatchObject({ status: 302 });
    expect(requests).toBe(1);
  });

  it('reports a closed connection and a closed port as unreachable', async () => {
    const url = await serve((request) => request.socket.destroy());
    await expect(client.get(url)).rejects.toMatchObject({ kind: 'unreachable' });
    await expect(client.get('http://127.0.0.1:1/')).rejects.toMatchObject({ kind: 'unreachable' });
  });

  it('repeats a repeatable request with growing pauses until there is an answer below 500', async () => {
    let requests = 0;
    const url = await serve((_, response) => {
      requests += 1;
      response.writeHead(requests < 4 ? 503 : 409).end('{}');
    });
    expect(await client.postRepeatable(url, '{}')).toMatchObject({ status: 409 });
    expect(pauses).toEqual([100, 200, 400]);
  });

  it('repeats five times at most, and does not repeat what the server does not implement', async () => {
    let status = 500;
    const url = await serve((_, response) => response.writeHead(status).end('{"code":50}'));
    await expect(client.postRepeatable(url, '{}')).rejects.toMatchObject({ kind: 'server-failed', code: 50 });
    expect(records).toHaveLength(5);
    status = 501;
    expect(await client.postRepeatable(url, '{}')).toMatchObject({ status: 501 });
    expect(records).toHaveLength(6);
  });

  it('ends a request when its signal is raised', async () => {
    const url = await serve(() => undefined);
    const stop = new AbortController();
    const pending = client.get(url, { signal: stop.signal });
    stop.abort();
    await expect(pending).rejects.toMatchObject({ kind: 'unreachable' });
  });
});
