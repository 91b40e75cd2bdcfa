import { AttemptsRepository } from '../../../src/payments/attempts.repository';
import { RecordBatch } from '../../../src/payments/record-batch';
import type { ApiAnswer } from '../../support/api';
import {
  settingOf,
  startTestServer,
  startTestWorld,
  type TestServer,
  type TestWorld,
} from '../../support/app';
import { abort } from '../refunds/support';
import { Customer } from './support/customer';
import { depositedFor, expectBooksToAgree } from './support/ledger';
import { coinsOf, type Coin, withdrawCoins } from './support/purse';

const CHOICES = [
  { amount: 'KUDOS:4', max_fee: 'KUDOS:1' },
  { amount: 'KUDOS:6', max_fee: 'KUDOS:1' },
];

describe('a payment that was judged before another one of the order recorded its coins', () => {
  let world: TestWorld;
  /** A second backend on the same database: the one that is late. */
  let other: TestServer;

  beforeAll(async () => {
    world = await startTestWorld();
    const { database, clock } = world;
    other = await startTestServer({ database, clock, exchanges: [settingOf(world.exchange)] });
  });
  afterAll(async () => {
    await other?.close();
    await world?.close();
  });
  afterEach(async () => {
    jest.restoreAllMocks();
    await expectBooksToAgree(world.database, [world.exchange]);
  });

  const lateUrl = () => `${other.url}instances/shop/`;
  const withdraw = async (): Promise<[Coin, Coin]> => {
    const [a, b] = await withdrawCoins(world.exchange, coinsOf(2, '2'));
    if (!a || !b) throw new Error('two coins were withdrawn');
    return [a, b];
  };

  /** Makes a request of the second backend, holds it once it is judged, and lets it go after `meanwhile`. */
  async function late(request: () => Promise<ApiAnswer>, meanwhile: () => Promise<void>): Promise<ApiAnswer> {
    const attempts = other.app.get(AttemptsRepository);
    const acquire = attempts.acquire.bind(attempts);
    let letGo = (): void => undefined;
    const isOver = new Promise<void>((resolve) => (letGo = resolve));
    const isJudged = new Promise<void>((resolve) => {
      jest.spyOn(attempts, 'acquire').mockImplementationOnce(async (...attempt) => {
        resolve();
        await isOver;
        return acquire(...attempt);
      });
    });
    const answer = request();
    await isJudged;
    await meanwhile();
    letGo();
    return answer;
  }

  it('counts on a coin of it that was stored with another contribution', async () => {
    const [a, b] = await withdraw();
    const customer = await Customer.order(world.shop, { amount: 'KUDOS:3' });
    const answer = await late(
      () => customer.pay([customer.permit(a, 'KUDOS:2'), customer.permit(b, 'KUDOS:2')], {}, lateUrl()),
      async () => {
        const part = await customer.pay([customer.permit(a, 'KUDOS:1')]);
        expect(part).toMatchObject({ status: 400, body: { code: 2156 } });
      },
    );
    expect(customer.isReceipt(answer)).toBe(true);
    expect(depositedFor(customer, world.exchange)).toBe('KUDOS:3');
  });

  it('is told when coins were stored for another choice', async () => {
    const [a, b] = await withdraw();
    const order = { version: 1, amount: undefined, max_fee: undefined, choices: CHOICES };
    const customer = await Customer.order(world.shop, order);
    const walletData = { choice_index: 1 };
    const answer = await late(
      () => customer.pay(customer.permitAll([b], walletData), { wallet_data: walletData }, lateUrl()),
      async () => {
        expect(await customer.choose(0, [a])).toMatchObject({ status: 400, body: { code: 2156 } });
      },
    );
    expect(answer).toMatchObject({ status: 400, body: { code: 26, field: 'wallet_data' } });
    expect(depositedFor(customer, world.exchange)).toBe('KUDOS:2');
  });

  it('is told that it was not enough although the wallet has given it up since', async () => {
    const [a] = await withdraw();
    const customer = await Customer.order(world.shop, { amount: 'KUDOS:3' });
    const batches = world.server.app.get(RecordBatch);
    const record = batches.run.bind(batches);
    jest.spyOn(batches, 'run').mockImplementationOnce(async (...batch) => {
      const recorded = await record(...batch);
      expect((await abort(world.shop, customer, [a])).status).toBe(200);
      expect((await customer.unclaim()).status).toBe(204);
      return recorded;
    });
    expect(await customer.spend([a])).toMatchObject({ status: 400, body: { code: 2156 } });
  });
});
