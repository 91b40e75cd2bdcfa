import { startSandboxExchange, type SandboxExchange } from '../../../sandbox/exchange/exchange-server';
import { Wallet } from '../../../sandbox/wallet/wallet';
import { confirmDeposit, hashCoinSignatures } from '../../../src/taler/signatures-exchange';
import { parseTimestamp } from '../../../src/taler/timestamp';
import { createOrder, startTestWorld, TestWorld } from '../../support/app';
import { Customer } from './support/customer';
import { depositedFor, expectBooksToAgree } from './support/ledger';
import { coinsOf, money, withdrawCoins } from './support/purse';

describe('a payment', () => {
  let world: TestWorld;
  let second: SandboxExchange;
  let wallet: Wallet;

  beforeAll(async () => {
    second = await startSandboxExchange({ rsaBits: 1024, aggregationIntervalMs: 0 });
    world = await startTestWorld({ moreExchanges: [second] });
    wallet = await Wallet.open({});
    await wallet.withdraw({ exchangeBaseUrl: world.exchange.baseUrl, amount: 'KUDOS:50' });
  });
  afterAll(async () => {
    await wallet?.close();
    await world?.close();
    await second?.close();
  });
  afterEach(() => expectBooksToAgree(world.database, [world.exchange, second]));

  it('is claimed, paid and seen by shop and customer', async () => {
    const { shop } = world;
    const order = await createOrder(shop);
    const paid = await wallet.pay(order.payUri);
    expect(paid.kind).toBe('paid');
    const status = await shop.api.get(`private/orders/${order.orderId}`, { token: shop.token });
    expect(status.body).toMatchObject({ order_status: 'paid', refunded: false, wired: false });
    const seen = await wallet.status(paid.orderKey);
    expect(seen).toMatchObject({ kind: 'paid' });
  });

  it('is made with one coin and answered with the signed receipt and nothing else', async () => {
    const coins = await withdrawCoins(world.exchange, coinsOf(1, '5'));
    const customer = await Customer.order(world.shop);
    const answer = await customer.spend(coins);
    expect(customer.isReceipt(answer)).toBe(true);
    expect(Object.keys(answer.body)).toEqual(['sig']);
    expect(depositedFor(customer, world.exchange)).toBe('KUDOS:5');
  });

  it('of 130 coins is split into batches that are all recorded', async () => {
    const coins = await withdrawCoins(world.exchange, coinsOf(130, '0.1'));
    const customer = await Customer.order(world.shop, { amount: 'KUDOS:13', max_fee: 'KUDOS:2' });
    expect(customer.isReceipt(await customer.spend(coins))).toBe(true);
    expect(depositedFor(customer, world.exchange)).toBe('KUDOS:13');
    const batches = await world.database.query<{ coins: string }>(
      `select count(*) as coins from deposits join orders on orders.serial = order_serial
       where order_id = $1 group by confirmation_serial order by 1`,
      [customer.orderId],
    );
    expect(batches.map((batch) => batch.coins)).toEqual(['2', '64', '64']);
  });

  it('may be made of coins of two exchanges', async () => {
    const coins = [
      ...(await withdrawCoins(world.exchange, coinsOf(2, '2'))),
      ...(await withdrawCoins(second, coinsOf(1, '1'))),
    ];
    const customer = await Customer.order(world.shop);
    expect(customer.isReceipt(await customer.spend(coins))).toBe(true);
    expect(depositedFor(customer, world.exchange)).toBe('KUDOS:4');
    expect(depositedFor(customer, second)).toBe('KUDOS:1');
  });

  it('names an exchange in whatever spelling of its base URL', async () => {
    const [coin] = await withdrawCoins(world.exchange, coinsOf(1, '5'));
    const customer = await Customer.order(world.shop);
    const permission = coin && {
      ...customer.permit(coin, coin.value),
      exchange_url: coin.exchangeBaseUrl.slice(0, -1),
    };
    expect(customer.isReceipt(await customer.pay(permission ? [permission] : []))).toBe(true);
  });

  it('of a price of zero needs no coins', async () => {
    const customer = await Customer.order(world.shop, { amount: 'KUDOS:0' });
    const first = await customer.pay([]);
    expect(customer.isReceipt(first)).toBe(true);
    expect((await customer.pay([])).text).toBe(first.text);
    const { shop } = world;
    const status = await shop.api.get(`private/orders/${customer.orderId}`, { token: shop.token });
    expect(status.body).toMatchObject({ order_status: 'paid' });
  });

  it('may bring more than the price', async () => {
    const coins = await withdrawCoins(world.exchange, coinsOf(1, '10'));
    const customer = await Customer.order(world.shop);
    expect(customer.isReceipt(await customer.spend(coins))).toBe(true);
    expect(depositedFor(customer, world.exchange)).toBe('KUDOS:10');
  });

  it('covers the fees above max_fee, to the cent', async () => {
    // Fees: 0.02 and 0.01; the shop takes 0.01 of them.
    const coins = await withdrawCoins(world.exchange, [{ value: '5' }, { value: '1' }]);
    const [five, one] = coins;
    if (!five || !one) throw new Error('two coins were withdrawn');
    const customer = await Customer.order(world.shop, { max_fee: 'KUDOS:0.01' });
    const exact = await customer.pay([customer.permit(five, 'KUDOS:5'), customer.permit(one, 'KUDOS:0.02')]);
    expect(customer.isReceipt(exact)).toBe(true);
    expect(depositedFor(customer, world.exchange)).toBe('KUDOS:5.02');
  });

  it('stores the confirmation of the exchange so that it can be shown to a court', async () => {
    const coins = await withdrawCoins(world.exchange, coinsOf(3, '2'));
    const customer = await Customer.order(world.shop);
    expect((await customer.spend(coins)).status).toBe(200);
    const [row] = await world.database.query<Record<string, Buffer> & { exchange_timestamp_us: string }>(
      `select exchange_pub, exchange_sig, exchange_timestamp_us from deposit_confirmations
       join orders on orders.serial = order_serial where order_id = $1`,
      [customer.orderId],
    );
    const stored = await world.database.query<{ coin_sig: Buffer }>(
      `select coin_sig from deposits join orders on orders.serial = order_serial where order_id = $1 order by position`,
      [customer.orderId],
    );
    const { contract, terms, hContract } = customer;
    const isSigned = confirmDeposit.verify(
      row?.['exchange_pub'] ?? Buffer.alloc(32),
      {
        hContract,
        hWire: contract.hWire,
        exchangeTimestamp: BigInt(row?.exchange_timestamp_us ?? 0),
        wireDeadline: parseTimestamp(terms['wire_transfer_deadline']) ?? 0n,
        refundDeadline: contract.refundDeadline,
        totalWithoutFee: money('KUDOS:5.94'),
        hCoinSigs: hashCoinSignatures(stored.map(({ coin_sig }) => coin_sig)),
        merchantPub: contract.merchantPub,
      },
      row?.['exchange_sig'] ?? Buffer.alloc(64),
    );
    expect(isSigned).toBe(true);
  });
});
