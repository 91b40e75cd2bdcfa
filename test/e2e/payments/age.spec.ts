import type { JsonObject } from '../../../src/taler/json';
import { startTestWorld, TestWorld } from '../../support/app';
import { Customer } from './support/customer';
import { depositedFor, expectBooksToAgree } from './support/ledger';
import { coinsOf, type Coin, withdrawCoins } from './support/purse';

/** Groups of the sandbox begin at 8, 10, 12, 14, 16, 18 and 21. */
describe('an order with a minimum age', () => {
  let world: TestWorld;
  let ofFourteen: Coin;

  beforeAll(async () => {
    world = await startTestWorld();
    const [coin] = await withdrawCoins(world.exchange, [{ value: '5', age: 14 }]);
    if (!coin) throw new Error('one coin was withdrawn');
    ofFourteen = coin;
  });
  afterAll(() => world?.close());
  afterEach(() => expectBooksToAgree(world.database, [world.exchange]));

  const orderFrom = (age: number) => Customer.order(world.shop, { minimum_age: age });

  it.each([
    [14, 14],
    [15, 12],
    [30, 21],
    [14, 7],
  ])('is paid with a coin of age %d where %d is asked for', async (age, minimum) => {
    const coins = await withdrawCoins(world.exchange, [{ value: '5', age }]);
    const customer = await orderFrom(minimum);
    expect(customer.isReceipt(await customer.spend(coins))).toBe(true);
    expect(depositedFor(customer, world.exchange)).toBe('KUDOS:5');
  });

  it('is paid with coins that have no age', async () => {
    const customer = await orderFrom(18);
    const coins = await withdrawCoins(world.exchange, coinsOf(1, '5'));
    expect(customer.isReceipt(await customer.spend(coins))).toBe(true);
  });

  it('needs nothing but the hash from restricted coins when the youngest may buy', async () => {
    const coins = await withdrawCoins(world.exchange, [{ value: '5', age: 8 }]);
    const customer = await Customer.order(world.shop);
    const [permission] = customer.permitAll(coins);
    const { age_commitment: _keys, ...bare } = permission ?? {};
    expect(customer.isReceipt(await customer.pay([bare]))).toBe(true);
  });

  describe('is not paid', () => {
    let customer: Customer;
    let permission: JsonObject;

    beforeAll(async () => {
      customer = await orderFrom(14);
      permission = customer.permit(ofFourteen, 'KUDOS:5');
    });
    afterEach(() => expect(depositedFor(customer, world.exchange)).toBe('KUDOS:0'));

    const without = (name: string): JsonObject =>
      Object.fromEntries(Object.entries(permission).filter(([member]) => member !== name));

    it('without the hash of the commitment', async () => {
      const answer = await customer.pay([without('h_age_commitment')]);
      expect(answer).toMatchObject({ status: 400, body: { code: 2174, detail: 'coins[0]' } });
    });

    it('without the commitment', async () => {
      expect(await customer.pay([without('age_commitment')])).toMatchObject({
        status: 400,
        body: { code: 2171 },
      });
    });

    it('with a commitment of another number of groups', async () => {
      const keys = permission['age_commitment'] as string[];
      const answer = await customer.pay([{ ...permission, age_commitment: keys.slice(1) }]);
      expect(answer).toMatchObject({ status: 400, body: { code: 2172 } });
    });

    it('without the proof', async () => {
      expect(await customer.pay([without('minimum_age_sig')])).toMatchObject({
        status: 400,
        body: { code: 2173 },
      });
    });

    it('with a proof for a lower age', async () => {
      const answer = await customer.pay([customer.permit(ofFourteen, 'KUDOS:5', 12)]);
      expect(answer).toMatchObject({ status: 400, body: { code: 2173 } });
    });

    it('with the proof and the keys of somebody older', async () => {
      const [older] = await withdrawCoins(world.exchange, [{ value: '5', age: 30 }]);
      const lent = older ? customer.permit(older, 'KUDOS:5') : {};
      const answer = await customer.pay([
        {
          ...permission,
          age_commitment: lent['age_commitment'] ?? [],
          minimum_age_sig: lent['minimum_age_sig'] ?? '',
        },
      ]);
      expect(answer).toMatchObject({ status: 400, body: { code: 2173 } });
    });

    it('with the whole commitment of somebody older, since the coin has signed its own', async () => {
      const [older] = await withdrawCoins(world.exchange, [{ value: '5', age: 30 }]);
      const lent = older ? customer.permit(older, 'KUDOS:5') : {};
      const { h_age_commitment = '', age_commitment = [], minimum_age_sig = '' } = lent;
      const answer = await customer.pay([
        { ...permission, h_age_commitment, age_commitment, minimum_age_sig },
      ]);
      expect(answer).toMatchObject({ status: 403, body: { code: 2157 } });
    });

    it('by somebody who is too young, who cannot make the proof at all', async () => {
      const adult = await orderFrom(18);
      const answer = await adult.spend([ofFourteen]);
      expect(answer).toMatchObject({ status: 400, body: { code: 2173 } });
      expect(depositedFor(adult, world.exchange)).toBe('KUDOS:0');
    });
  });
});
