import { deflateSync } from 'node:zlib';
import { createOrder, startTestWorld, TestWorld } from '../../support/app';
import { expectRefusal } from '../orders/helpers';

describe('every answer', () => {
  let world: TestWorld;
  beforeAll(async () => {
    world = await startTestWorld();
  });
  afterAll(() => world?.close());

  const call = (...args: Parameters<TestWorld['server']['api']['call']>) => world.server.api.call(...args);

  it('may be read by scripts of any origin and has a request id, errors the same one in the body', async () => {
    const seen = new Set<string>();
    for (const path of [
      'config',
      'nowhere',
      'private',
      'instances/shop/orders/none',
      'healthz',
      'readyz',
      'metrics',
    ]) {
      const answer = await call('GET', path);
      expect(answer.headers).toMatchObject({
        'access-control-allow-origin': '*',
        'access-control-expose-headers': '*',
        'x-request-id': expect.stringMatching(/^[0-9a-f]{12}-[0-9a-z]+$/),
      });
      expect(answer.headers).not.toHaveProperty('x-powered-by');
      if (answer.status >= 400) expect(answer.body.request_id).toBe(answer.headers['x-request-id']);
      seen.add(answer.headers['x-request-id'] as string);
    }
    expect(seen.size).toBe(7);
  });

  it.each(['config', 'private/orders', 'nowhere', 'instances/nobody/orders/x/pay', 'public/poll-payment'])(
    'to OPTIONS %s is 204 with all that a preflight asks for',
    async (path) => {
      const answer = await call('OPTIONS', path);
      expect(answer).toMatchObject({
        status: 204,
        text: '',
        headers: {
          'access-control-allow-origin': '*',
          'access-control-expose-headers': '*',
          'access-control-allow-headers': '*',
          'access-control-allow-methods': '*',
        },
      });
    },
  );

  it('to HEAD has the status and the headers of GET, and no body', async () => {
    const { orderId } = await createOrder(world.shop, {}, { create_token: false });
    const { token } = world.shop;
    const paths = [
      'config',
      `instances/shop/orders/${orderId}`,
      `instances/shop/private/orders/${orderId}`,
      'instances/shop/private',
      'instances/shop/private/accounts',
      'nowhere',
    ];
    for (const path of paths) {
      const [get, head] = [await call('GET', path, { token }), await call('HEAD', path, { token })];
      expect(head).toMatchObject({ status: get.status, text: '' });
      expect(head.headers['content-type']).toBe(get.headers['content-type']);
      expect(head.headers['etag']).toBe(get.headers['etag']);
    }
  });

  describe('to an unknown path', () => {
    it.each([
      ['GET', 'nowhere'],
      ['POST', 'orders'],
      ['GET', 'private/nowhere'],
      ['GET', 'orders/x/y/z'],
      ['POST', 'instances/shop/management/instances'],
      ['GET', 'instances/nobody/nowhere'],
      ['GET', 'instances/shop/instances'],
    ])('%s %s is 404 with 21 and names the path', async (method, path) => {
      expectRefusal(await call(method, path), 404, 21, { detail: `/${path}` });
    });

    it('is so before a body is looked at', async () => {
      expectRefusal(await call('POST', 'nowhere', { raw: '{ no json' }), 404, 21, { detail: '/nowhere' });
    });

    it('never shows the query, which may hold a token', async () => {
      const answer = await call('GET', 'nowhere?token=SECRET');
      expect(answer.status).toBe(404);
      expect(answer.text).not.toContain('SECRET');
    });
  });

  describe('to a wrong method', () => {
    it.each([
      ['POST', 'config', 'GET, HEAD'],
      ['DELETE', 'instances/shop/private/orders', 'GET, HEAD, POST'],
      ['GET', 'private/orders/x/y', undefined],
      ['POST', 'private/orders/x', 'DELETE, GET, HEAD'],
      ['GET', 'private/orders/x/forget', 'PATCH'],
      ['POST', 'sessions/x', 'GET, HEAD'],
      ['PUT', 'private/accounts', 'GET, HEAD, POST'],
      ['POST', 'private/accounts/x', 'DELETE, GET, HEAD, PATCH'],
      ['POST', 'private', 'DELETE, GET, HEAD, PATCH'],
      ['GET', 'private/auth', 'POST'],
      ['DELETE', 'instances', 'POST'],
      ['GET', 'management/instances/x/auth', 'POST'],
      ['PUT', 'management/instances/x', 'DELETE, GET, HEAD, PATCH'],
      ['POST', 'exchanges', 'GET, HEAD'],
      ['POST', 'terms', 'GET, HEAD'],
      ['POST', 'privacy', 'GET, HEAD'],
      ['GET', 'private/token', 'DELETE, POST'],
      ['POST', 'private/tokens', 'GET, HEAD'],
      ['GET', 'private/tokens/1', 'DELETE'],
      ['GET', 'orders/x/claim', 'POST'],
      ['GET', 'instances/shop/orders/x/pay', 'POST'],
      ['GET', 'orders/x/refund', 'POST'],
      ['GET', 'orders/x/abort', 'POST'],
      ['GET', 'private/orders/x/refund', 'POST'],
      ['POST', 'orders/x', 'GET, HEAD'],
      ['PATCH', 'management/instances', 'GET, HEAD, POST'],
      ['POST', 'public/poll-payment', 'GET, HEAD'],
      ['PATCH', 'instances/nobody/orders/x', 'GET, HEAD'],
    ])('%s %s is 405 with 20 and Allow: %s', async (method, path, allow) => {
      const answer = await call(method, path);
      if (allow === undefined) return expectRefusal(answer, 404, 21, { detail: `/${path}` });
      expectRefusal(answer, 405, 20, { detail: method });
      expect((answer.headers['allow'] as string).split(', ').sort().join(', ')).toBe(allow);
    });
  });

  describe('to a path that is not percent-encoded UTF-8', () => {
    it.each(['instances/%E0%A4%A/orders/x', 'orders/%FF', 'orders/%'])('%s is 400 with 26', async (path) => {
      const answer = await call('GET', path);
      expectRefusal(answer, 400, 26, { detail: expect.any(String) });
    });
  });

  describe('to a body', () => {
    const postOrder = (options: { raw: string | Buffer; headers?: Record<string, string> }) =>
      world.shop.api.call('POST', 'private/orders', { token: world.shop.token, ...options });
    const GOOD = '{"order":{"amount":"KUDOS:1","summary":"s"}}';

    it.each(['text/plain', 'application/x-www-form-urlencoded', 'application/json; charset=iso-8859-1', ''])(
      'of JSON does not depend on its Content-Type: %j',
      async (type) => {
        expect((await postOrder({ raw: GOOD, headers: { 'content-type': type } })).status).toBe(200);
      },
    );

    it('is good when it is deflated as RFC 1950 says', async () => {
      const answer = await postOrder({ raw: deflateSync(GOOD), headers: { 'content-encoding': 'deflate' } });
      expect(answer.status).toBe(200);
    });

    it.each<[string, string]>([
      ['no JSON', '{"order":'],
      ['nothing', ''],
      ['two values', '{} {}'],
      ['JSON nested too deeply', `${'['.repeat(1000)}${']'.repeat(1000)}`],
    ])('of %s is 400 with 22', async (_name, raw) => {
      const answer = await postOrder({ raw });
      expect(answer).toMatchObject({ status: 400, body: { code: 22 } });
    });

    it.each(['null', '[]', '"text"', '5', 'true'])(
      'of %s, which is no object, is 400 with 26',
      async (raw) => {
        const answer = await postOrder({ raw });
        expectRefusal(answer, 400, 26, { detail: 'the body must be a JSON object', field: '' });
      },
    );

    it('with a member twice takes the last one', async () => {
      const answer = await postOrder({
        raw: '{"order":{"amount":"KUDOS:1","summary":"s"},"create_token":true,"create_token":false}',
      });
      expect(answer.status).toBe(200);
      expect(answer.body).not.toHaveProperty('token');
    });
  });
});
