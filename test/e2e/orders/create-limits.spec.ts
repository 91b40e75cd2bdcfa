import { startSandboxExchange, SandboxExchange } from '../../../sandbox/exchange/exchange-server';
import { errorFacts } from '../../../src/taler/error-codes';
import { startTestWorld, TestShop, TestWorld } from '../../support/app';
import { expectRefusal, privateStatus, uniqueId } from './helpers';

const limit = (operation_type: string, threshold: string) => ({
  operation_type,
  threshold,
  soft_limit: false,
});

/** Hard limits of exchanges, which no KYC lifts (exchange.md 2), bound what an order may cost (orders.md 8.4). */
describe('orders and the limits of exchanges', () => {
  let world: TestWorld;
  let shop: TestShop;
  let small: SandboxExchange;
  let large: SandboxExchange;
  beforeAll(async () => {
    const start = (hardLimits: ReturnType<typeof limit>[]) =>
      startSandboxExchange({ rsaBits: 1024, currency: 'EUR', aggregationIntervalMs: 0, hardLimits });
    small = await start([limit('DEPOSIT', 'EUR:8'), limit('TRANSACTION', 'EUR:5'), limit('REFUND', 'EUR:1')]);
    large = await start([limit('DEPOSIT', 'EUR:10'), limit('WITHDRAW', 'EUR:2')]);
    world = await startTestWorld({ moreExchanges: [small, large] });
    shop = world.shop;
  });
  afterAll(async () => {
    await world?.close();
    await small?.close();
    await large?.close();
  });

  const post = (order: object) =>
    shop.api.post('private/orders', { order: { summary: 'Article 42', ...order } }, { token: shop.token });
  const exchangesOf = async (order: object) => {
    const created = await post(order);
    expect(created.status).toBe(200);
    const status = await privateStatus(shop, created.body.order_id as string);
    const { exchanges, choices } = status.body.proto_contract_terms;
    return {
      exchanges: (exchanges as { url: string; max_contribution?: string }[]).map((exchange) => [
        exchange.url,
        exchange.max_contribution,
      ]),
      choices: (choices as { amount: string }[] | undefined)?.map(({ amount }) => amount),
    };
  };
  const ofSmall = () => [small.baseUrl, 'EUR:5'];
  const ofLarge = () => [large.baseUrl, 'EUR:10'];
  const ofKudos = () => [world.exchange.baseUrl, undefined];
  const rejections = () =>
    [small, large].map(({ baseUrl }) => ({
      exchange_url: baseUrl,
      code: 2513,
      hint: 'the amount is above the hard limit of this exchange',
    }));

  it('names the exchanges that may take the amount, each with the most that it may take', async () => {
    expect((await exchangesOf({ amount: 'EUR:5' })).exchanges).toEqual([ofSmall(), ofLarge()]);
    expect((await exchangesOf({ amount: 'EUR:5.00000001' })).exchanges).toEqual([ofLarge()]);
    expect((await exchangesOf({ amount: 'EUR:10' })).exchanges).toEqual([ofLarge()]);
    expect((await exchangesOf({ amount: 'KUDOS:100' })).exchanges).toEqual([ofKudos()]);
  });

  it('refuses an amount above all limits and says whose: 451 with 2513, and stores nothing', async () => {
    const order_id = uniqueId('dear');
    const refused = await post({ amount: 'EUR:10.00000001', order_id });
    expectRefusal(refused, 451, 2513, { exchange_rejections: rejections() });
    expect(errorFacts.get(2513)?.httpStatus).toBe(451);
    expectRefusal(await privateStatus(shop, order_id), 404, 2005, { detail: order_id });
  });

  it('keeps a choice above all limits in its place while another one can be paid', async () => {
    const choices = [{ amount: 'EUR:20' }, { amount: 'EUR:4' }];
    expect(await exchangesOf({ version: 1, choices })).toEqual({
      exchanges: [ofSmall(), ofLarge()],
      choices: ['EUR:20', 'EUR:4'],
    });
    const mixed = [{ amount: 'EUR:20' }, { amount: 'KUDOS:20' }];
    expect(await exchangesOf({ version: 1, choices: mixed })).toEqual({
      exchanges: [ofKudos()],
      choices: ['EUR:20', 'KUDOS:20'],
    });
  });

  it('refuses choices that are above all limits, every one: 451 with 2513', async () => {
    const refused = await post({ version: 1, choices: [{ amount: 'EUR:20' }, { amount: 'EUR:11' }] });
    expectRefusal(refused, 451, 2513, { exchange_rejections: rejections() });
  });
});
