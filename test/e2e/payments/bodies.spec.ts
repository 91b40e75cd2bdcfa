import { encodeBase32 } from '../../../src/taler/base32';
import { Api, type ApiAnswer } from '../../support/api';
import { startTestWorld, type TestWorld } from '../../support/app';
import { Customer } from './support/customer';
import { depositedFor, expectBooksToAgree } from './support/ledger';
import { coinsOf, type Coin, withdrawCoins } from './support/purse';

/** Above the limit of a body, 8 MiB. */
const TOO_MUCH = Buffer.alloc(8 * 1024 * 1024 + 1, ' ');
const COINS_MAX = 1024;

describe('the bodies of a payment and of its proof', () => {
  let world: TestWorld;
  let customer: Customer;
  let coin: Coin;

  beforeAll(async () => {
    world = await startTestWorld();
    const [first] = await withdrawCoins(world.exchange, coinsOf(1, '5'));
    if (!first) throw new Error('one coin was withdrawn');
    coin = first;
    customer = await Customer.order(world.shop);
  });
  afterAll(() => world?.close());
  afterEach(async () => {
    expect(depositedFor(customer, world.exchange)).toBe('KUDOS:0');
    await expectBooksToAgree(world.database, [world.exchange]);
  });

  const send = (action: string, raw: string | Buffer): Promise<ApiAnswer> =>
    world.shop.api.call('POST', `orders/${customer.orderId}/${action}`, { raw });
  const permission = () => customer.permit(coin, coin.value);

  describe.each(['pay', 'paid'])('%s', (action) => {
    it.each(['', '{', '{"coins":[],}', 'coins=1', '\ud83d'])('is no JSON: %j', async (raw) => {
      expect(await send(action, raw)).toMatchObject({ status: 400, body: { code: 22 } });
    });

    it.each(['[]', '{}', '"x"', 'null', '7'])('is JSON of another kind: %j', async (raw) => {
      expect(await send(action, raw)).toMatchObject({ status: 400, body: { code: 26 } });
    });

    it('is too large', async () => {
      expect(await send(action, TOO_MUCH)).toMatchObject({ status: 413, body: { code: 32 } });
    });

    it('goes to an instance that there is not', async () => {
      const api = new Api(`${world.server.url}instances/nobody/`);
      const body =
        action === 'pay'
          ? { coins: [permission()] }
          : {
              sig: encodeBase32(Buffer.alloc(64)),
              h_contract: encodeBase32(customer.hContract),
              session_id: '',
            };
      const answer = await api.post(`orders/${customer.orderId}/${action}`, body);
      expect(answer).toMatchObject({ status: 404, body: { code: 2000, detail: 'nobody' } });
    });
  });

  it.each<[string, object, string]>([
    ['no coins', { coins: undefined }, 'coins'],
    ['coins that are no list', { coins: {} }, 'coins'],
    ['a coin that is no object', { coins: ['coin'] }, 'coins[0]'],
    ['wallet_data that is a list', { wallet_data: [] }, 'wallet_data'],
    ['wallet_data that cannot be hashed', { wallet_data: { choice_index: 2 ** 60 } }, 'wallet_data'],
    ['a session that is a number', { session_id: 7 }, 'session_id'],
    ['tokens that are no list', { tokens: 'none' }, 'tokens'],
    [
      'a token without its signature',
      { tokens: [{ token_pub: encodeBase32(Buffer.alloc(32)) }] },
      'tokens[0].token_sig',
    ],
  ])('a payment has %s', async (_name, changes, field) => {
    const body = JSON.stringify({ coins: [permission()], ...changes });
    expect(await send('pay', body)).toMatchObject({ status: 400, body: { code: 26, field } });
  });

  it.each(['coin_sig', 'coin_pub', 'ub_sig', 'h_denom', 'contribution', 'exchange_url'])(
    'a coin has no %s',
    async (member) => {
      const answer = await customer.pay([permission(), { ...permission(), [member]: null }]);
      expect(answer).toMatchObject({ status: 400, body: { code: 26, field: `coins[1].${member}` } });
    },
  );

  it('a payment has more coins than it may', async () => {
    const answer = await customer.pay(Array.from({ length: COINS_MAX + 1 }, permission));
    expect(answer).toMatchObject({ status: 400, body: { code: 26, field: 'coins' } });
  });

  it.each(['sig', 'h_contract', 'session_id'])('a proof has no %s', async (member) => {
    const proof = {
      sig: encodeBase32(Buffer.alloc(64)),
      h_contract: encodeBase32(customer.hContract),
      session_id: 'tab',
    };
    const answer = await send('paid', JSON.stringify({ ...proof, [member]: null }));
    expect(answer).toMatchObject({ status: 400, body: { code: 26, field: member } });
  });

  it('says null where it has nothing to say, and what nobody asked for', async () => {
    const free = await Customer.order(world.shop, { amount: 'KUDOS:0' });
    const answer = await free.pay([], {
      wallet_data: null,
      session_id: null,
      tokens: null,
      h_contract: 'of old wallets',
      unknown: { a: [1] },
    });
    expect(free.isReceipt(answer)).toBe(true);
  });
});
