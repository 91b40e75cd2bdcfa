import { OrderCreationRepository } from '../../../src/orders/order-creation.repository';
import { createShop, startTestWorld, TestShop, TestWorld } from '../../support/app';
import { claim, expectRefusal, privateStatus, uniqueId } from './helpers';

/**
 * The id of a deleted order means nothing else while a wallet may still hold the old contract (orders.md 13, mistake 17).
 */
describe('ids of deleted orders', () => {
  let world: TestWorld;
  let shop: TestShop;
  beforeAll(async () => {
    world = await startTestWorld();
    shop = world.shop;
  });
  afterAll(() => world?.close());

  const post = (order: object, at = shop) =>
    at.api.post(
      'private/orders',
      { order: { amount: 'KUDOS:5', summary: 'Article 42', ...order } },
      { token: at.token },
    );
  const nowS = () => Number(world.clock.nowUs() / 1_000_000n);

  /** Creates an order, has it claimed unless told otherwise, and deletes it. */
  async function deleted(order: { order_id: string }, isClaimed = true) {
    const created = await post(order);
    const token = created.body.token as string;
    if (isClaimed) await claim(shop.api, { orderId: order.order_id, token });
    const gone = await shop.api.delete(`private/orders/${order.order_id}?force=yes`, { token: shop.token });
    expect(gone.status).toBe(204);
    return { token };
  }

  it('are refused to another order until the pay deadline of the old one: 409 with 2503', async () => {
    const order = { order_id: uniqueId('held'), pay_deadline: { t_s: nowS() + 1_000 } };
    await deleted(order);
    const other = { order_id: order.order_id, amount: 'KUDOS:6' };
    expectRefusal(await post(other), 409, 2503, { detail: order.order_id });
    expectRefusal(await privateStatus(shop, order.order_id), 404, 2005, { detail: order.order_id });
    world.clock.advanceSeconds(900);
    expectRefusal(await post(other), 409, 2503, { detail: order.order_id });
    world.clock.advanceSeconds(100);
    expect((await post(other)).status).toBe(200);
    expect((await privateStatus(shop, order.order_id)).body.total_amount).toBe('KUDOS:6');
  });

  it('may be used again by the same request, which makes a new order', async () => {
    const order = { order_id: uniqueId('again') };
    const { token } = await deleted(order);
    const created = await post(order);
    expect(created).toMatchObject({ status: 200, body: { order_id: order.order_id } });
    expect(created.body.token).not.toBe(token);
    // It is an order like any other: repeated, claimed, deleted.
    expect(await post(order)).toMatchObject({ status: 200, body: created.body });
    expectRefusal(await post({ ...order, amount: 'KUDOS:6' }), 409, 2503, { detail: order.order_id });
    await claim(shop.api, { orderId: order.order_id, token: created.body.token });
    const gone = await shop.api.delete(`private/orders/${order.order_id}?force=yes`, { token: shop.token });
    expect(gone.status).toBe(204);
    expectRefusal(await post({ ...order, amount: 'KUDOS:6' }), 409, 2503, { detail: order.order_id });
    expect((await post(order)).status).toBe(200);
  });

  it('are free at once when no wallet has seen the order', async () => {
    const order = { order_id: uniqueId('unseen') };
    await deleted(order, false);
    expect((await post({ ...order, amount: 'KUDOS:6' })).status).toBe(200);
  });

  it('are no matter of other instances', async () => {
    const other = await createShop(world.server, 'namesake');
    const order = { order_id: uniqueId('theirs') };
    await deleted(order);
    expect((await post({ ...order, amount: 'KUDOS:6' }, other)).status).toBe(200);
  });

  it('are refused also when the order went between the look at the id and the writing', async () => {
    const order = { order_id: uniqueId('late') };
    await deleted(order);
    const look = jest.spyOn(world.server.app.get(OrderCreationRepository), 'findRequest');
    look.mockResolvedValueOnce(undefined);
    try {
      const refused = await post({ ...order, amount: 'KUDOS:6' });
      expectRefusal(refused, 409, 2503, { detail: order.order_id });
      expect(look).toHaveBeenCalledTimes(2);
    } finally {
      look.mockRestore();
    }
    expectRefusal(await privateStatus(shop, order.order_id), 404, 2005, { detail: order.order_id });
  });

  it('go to one of several different orders that want them at once, when they are free', async () => {
    const order_id = uniqueId('race');
    const amounts = Array.from({ length: 8 }, (_, index) => `KUDOS:${index + 1}`);
    const answers = await Promise.all(amounts.map((amount) => post({ order_id, amount })));
    const winners = amounts.filter((_, index) => answers[index]?.status === 200);
    expect(winners).toHaveLength(1);
    for (const answer of answers)
      if (answer.status !== 200) expectRefusal(answer, 409, 2503, { detail: order_id });
    expect((await privateStatus(shop, order_id)).body.total_amount).toBe(winners[0]);
  });
});
