import { Wallet } from '../../sandbox/wallet/wallet';
import { createOrder, startTestWorld, TestWorld } from '../support/app';

describe('a payment from end to end', () => {
  let world: TestWorld;
  let wallet: Wallet;

  beforeAll(async () => {
    world = await startTestWorld();
    wallet = await Wallet.open({});
    await wallet.withdraw({ exchangeBaseUrl: world.exchange.baseUrl, amount: 'KUDOS:50' });
  });
  afterAll(async () => {
    await wallet?.close();
    await world?.close();
  });

  it('is claimed, paid and seen by shop and customer', async () => {
    const { shop } = world;
    const order = await createOrder(shop);
    const paid = await wallet.pay(order.payUri);
    expect(paid.kind).toBe('paid');
    const status = await shop.api.get(`private/orders/${order.orderId}`, { token: shop.token });
    expect(status.body).toMatchObject({ order_status: 'paid', refunded: false, wired: false });
  });
});
