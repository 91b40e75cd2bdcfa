import type { ApiAnswer, ApiRequest } from '../../support/api';
import { Api } from '../../support/api';
import { createOrder, createShop, OPERATOR_TOKEN, startTestWorld, type TestWorld } from '../../support/app';
import { expectRefusal, makeNonce } from '../orders/helpers';

/** Endpoints of orders.md with a path below the instance. */
const WITHOUT_BODY = [
  ['GET', 'config'],
  ['GET', 'private/orders'],
  ['GET', 'private/orders/x'],
  ['DELETE', 'private/orders/x'],
  ['GET', 'orders/x'],
  ['GET', 'sessions/x?fulfillment_url=y'],
] as const;
const WITH_BODY = [
  ['POST', 'private/orders'],
  ['PATCH', 'private/orders/x/forget'],
  ['POST', 'private/orders/x/refund'],
  ['POST', 'orders/x/claim'],
  ['POST', 'orders/x/unclaim'],
  ['POST', 'orders/x/pay'],
  ['POST', 'orders/x/paid'],
  ['POST', 'orders/x/abort'],
  ['POST', 'orders/x/refund'],
] as const;
/** The server takes 8 MiB (json-body.ts). */
const BODY_BYTES = 8 * 1024 * 1024;

describe('every endpoint of orders', () => {
  let world: TestWorld;

  beforeAll(async () => {
    world = await startTestWorld();
  });
  afterAll(() => world?.close());

  const call = (method: string, path: string, request: ApiRequest = {}): Promise<ApiAnswer> =>
    world.shop.api.call(method, path, { token: world.shop.token, ...request });

  it.each([...WITHOUT_BODY, ...WITH_BODY])('knows no instance of nobody: %s %s', async (method, path) => {
    const nobody = new Api(`${world.server.url}instances/nobody/`);
    const json = method === 'POST' || method === 'PATCH' ? {} : undefined;
    const answer = await nobody.call(method, path, { json, token: world.shop.token });
    expectRefusal(answer, 404, 2000, { detail: 'nobody' });
  });

  it.each(WITH_BODY)('takes no body but JSON: %s %s', async (method, path) => {
    const answer = await call(method, path, { raw: '{"half": ' });
    expect({ status: answer.status, body: answer.body as unknown }).toMatchObject({
      status: 400,
      body: { code: 22 },
    });
  });

  it.each(WITH_BODY)('takes no body above the limit: %s %s', async (method, path) => {
    const answer = await call(method, path, { raw: Buffer.alloc(BODY_BYTES + 1, ' ') });
    expect({ status: answer.status, body: answer.body as unknown }).toMatchObject({
      status: 413,
      body: { code: 32 },
    });
  });

  it.each(WITH_BODY)('takes no members of another kind: %s %s', async (method, path) => {
    const everything = [
      ['order', 'fields', 'refund', 'reason', 'nonce', 'token', 'unclaim_sig', 'h_contract'],
      ['coins', 'sig', 'session_id'],
    ].flat();
    const json = Object.fromEntries(everything.map((name) => [name, 7]));
    const answer = await call(method, path, { json });
    // The paths of forget have a code of their own (orders.md 4.5).
    const code = path.endsWith('/forget') ? 2510 : 26;
    expect({ status: answer.status, body: answer.body as unknown }).toMatchObject({
      status: 400,
      body: { code, detail: expect.any(String) as unknown },
    });
  });
});

describe('the order of an instance that was deleted', () => {
  let world: TestWorld;

  beforeAll(async () => {
    world = await startTestWorld();
  });
  afterAll(() => world?.close());

  it('cannot be claimed any more: 404 with 2016', async () => {
    const shop = await createShop(world.server, 'gone');
    const { orderId, token } = await createOrder(shop);
    const deleted = await world.server.api.delete('management/instances/gone', { token: OPERATOR_TOKEN });
    expect(deleted.status).toBe(204);
    const answer = await shop.api.post(`orders/${orderId}/claim`, { nonce: makeNonce().nonce, token });
    expectRefusal(answer, 404, 2016, { detail: 'gone' });
  });
});

describe('the old poll of an instance', () => {
  let world: TestWorld;

  beforeAll(async () => {
    world = await startTestWorld();
  });
  afterAll(() => world?.close());

  it.each([
    ['without an order id', '', 25],
    ['without a contract hash', '?order_id=x', 25],
    ['with a contract hash that is none', '?order_id=x&h_contract=y', 26],
  ])('is refused %s', async (_name, query, code) => {
    const answer = await world.server.api.get(`public/instances/shop/poll-payment${query}`);
    expect({ status: answer.status, body: answer.body as unknown }).toMatchObject({
      status: 400,
      body: { code },
    });
  });
});

describe('the list of orders', () => {
  let world: TestWorld;

  beforeAll(async () => {
    world = await startTestWorld();
  });
  afterAll(() => world?.close());

  it('has the newest twenty unless more are asked for', async () => {
    const ids: string[] = [];
    for (let count = 0; count < 21; count++) ids.push((await createOrder(world.shop)).orderId);
    const answer = await world.shop.api.get('private/orders', { token: world.shop.token });
    const listed = (answer.body.orders as { order_id: string }[]).map(({ order_id }) => order_id);
    expect(listed).toEqual(ids.reverse().slice(0, 20));
  });
});
