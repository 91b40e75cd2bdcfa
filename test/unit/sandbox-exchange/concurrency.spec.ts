import { defined, Harness, makeMerchant } from './harness';

let harness: Harness;
const merchant = makeMerchant();
beforeAll(async () => {
  harness = await Harness.start();
});
afterAll(() => harness.close());

describe('twenty deposits at once', () => {
  it('of the same request get one and the same confirmation, and the coin is spent once', async () => {
    const coin = await harness.coin('KUDOS:2');
    const built = harness.build({ merchant, parts: [{ coin, contribution: 'KUDOS:0.5' }] });
    const answers = await Promise.all(Array.from({ length: 20 }, () => harness.deposit(built)));
    expect(new Set(answers.map(({ status, text }) => `${status} ${text}`)).size).toBe(1);
    expect(harness.confirms(built, defined(answers[0]))).toBe(true);
    const book = harness.exchange.books().coins.find((candidate) => candidate.coin_pub === coin.pub);
    expect(book?.balance).toBe('KUDOS:1.5');
  });

  it('of one coin for different contracts let exactly as many through as the coin pays for', async () => {
    const coin = await harness.coin('KUDOS:2');
    const requests = Array.from({ length: 20 }, () =>
      harness.build({ merchant, parts: [{ coin, contribution: 'KUDOS:0.5' }] }),
    );
    const answers = await Promise.all(requests.map((built) => harness.deposit(built)));
    const statuses = answers.map(({ status }) => status);
    expect(statuses.filter((status) => status === 200)).toHaveLength(4);
    expect(answers.filter(({ body }) => body.code === 1012)).toHaveLength(16);
  });

  it('of batches that share a coin leave no batch half done', async () => {
    const coins = await harness.coins('KUDOS:1', ...Array.from({ length: 10 }, () => 'KUDOS:1'));
    const shared = defined(coins[0]);
    const requests = coins.slice(1).map((coin) =>
      harness.build({
        merchant,
        parts: [
          { coin, contribution: 'KUDOS:1' },
          { coin: shared, contribution: 'KUDOS:1' },
        ],
      }),
    );
    const answers = await Promise.all(requests.map((built) => harness.deposit(built)));
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
    const known = new Set(harness.exchange.books().coins.map((coin) => coin.coin_pub));
    expect(coins.slice(1).filter((coin) => known.has(coin.pub))).toHaveLength(1);
  });

  it('of refunds under one id are granted once', async () => {
    const coin = await harness.coin('KUDOS:2');
    const { hContract } = await harness.deposited({ merchant, parts: [{ coin, contribution: 'KUDOS:2' }] });
    const refund = { merchant, coin, hContract, id: 1, value: 'KUDOS:1.5' };
    const answers = await Promise.all(Array.from({ length: 20 }, () => harness.refund(refund)));
    expect(new Set(answers.map(({ status, text }) => `${status} ${text}`)).size).toBe(1);
    const others = await Promise.all(
      [2, 3, 4].map((id) => harness.refund({ ...refund, id, value: 'KUDOS:0.5' })),
    );
    expect(others.map(({ status }) => status).sort()).toEqual([200, 409, 409]);
  });
});
