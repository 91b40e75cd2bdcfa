import { randomBytes } from 'node:crypto';
import { encodeBase32 } from '../../../src/taler/base32';
import { createSigner, generateSeed } from '../../../src/taler/eddsa';
import { sha512 } from '../../../src/taler/kdf';
import { affirmDenomExpired, affirmDenomUnknown } from '../../../src/taler/signatures-exchange';
import { merchantContract } from '../../../src/taler/signatures-merchant';
import { parseTimestamp, SECOND_US } from '../../../src/taler/timestamp';
import { expectAsRecorded, recordedAnswer } from './fixture';
import { bytes, type Coin, coinJson, DAY_S, day, defined, flipBit, Harness, makeMerchant } from './harness';

let harness: Harness;
const merchant = makeMerchant();
beforeAll(async () => {
  harness = await Harness.start();
});
afterAll(() => harness.close());

const whole = (coin: Coin): { coin: Coin; contribution: string } => ({
  coin,
  contribution: `KUDOS:${Number(coin.denomination.value.units) / 1e8}`,
});

describe('batch-deposit accepts', () => {
  it('a whole coin, and the same request again with the same signature (020, 021)', async () => {
    const built = harness.build({ merchant, parts: [whole(await harness.coin('KUDOS:1'))] });
    const first = await harness.deposit(built);
    expectAsRecorded(first, '020-deposit-one-coin');
    expect(harness.confirms(built, first)).toBe(true);
    harness.advance(1);
    const second = await harness.deposit(built);
    expectAsRecorded(second, '021-deposit-repeated');
    expect(second.body).toEqual(first.body);
  });

  it('coins of several denominations with different fees (022)', async () => {
    const coins = await harness.coins('KUDOS:10', 'KUDOS:5', 'KUDOS:2', 'KUDOS:0.1', 'KUDOS:0.01');
    await harness.deposited({ merchant, parts: coins.map(whole) });
  });

  it('a good merchant_sig (023)', async () => {
    const built = harness.build({ merchant, parts: [whole(await harness.coin('KUDOS:1'))] });
    const merchantSig = merchantContract.sign(merchant.signer, { hContract: built.hContract });
    const answer = await harness.post('/batch-deposit', {
      ...built.body,
      merchant_sig: encodeBase32(merchantSig),
    });
    expectAsRecorded(answer, '023-deposit-with-merchant-sig');
    expect(harness.confirms(built, answer)).toBe(true);
  });

  it('a wallet data hash (024) and a missing refund deadline (028)', async () => {
    const [one, two] = await harness.coins('KUDOS:1', 'KUDOS:1');
    await harness.deposited({ merchant, parts: [whole(defined(one))], walletDataHash: randomBytes(64) });
    await harness.deposited({ merchant, parts: [whole(defined(two))], refundDeadline: null });
  });

  it('an age restricted coin (025)', async () => {
    const reserve = await harness.fund('KUDOS:10');
    const denomination = harness.denomination('KUDOS:5', { age: true });
    const [coin] = await harness.withdraw(reserve, [{ denomination, hAge: randomBytes(32) }]);
    await harness.deposited({ merchant, parts: [whole(defined(coin))] });
  });

  it('parts of a coin for different contracts, up to its value (026, 027)', async () => {
    const coin = await harness.coin('KUDOS:2');
    await harness.deposited({ merchant, parts: [{ coin, contribution: 'KUDOS:0.5' }] });
    await harness.deposited({ merchant, parts: [{ coin, contribution: 'KUDOS:1.5' }] });
    const last = await harness.deposit(
      harness.build({ merchant, parts: [{ coin, contribution: 'KUDOS:0.02' }] }),
    );
    expect([last.status, last.body.code]).toEqual([409, 1012]);
  });

  it('several requests for one contract, with the time of the first (029a, 029b)', async () => {
    const [one, two] = await harness.coins('KUDOS:1', 'KUDOS:1');
    const hContract = randomBytes(64);
    const timestamp = harness.now;
    const first = await harness.deposit(harness.build({ merchant, hContract, parts: [whole(defined(one))] }));
    harness.advance(3);
    const built = harness.build({
      merchant,
      hContract,
      parts: [whole(defined(two))],
      timestamp,
      refundDeadline: timestamp + day(1),
      wireDeadline: timestamp + day(2),
    });
    const second = await harness.deposit(built);
    expect(harness.confirms(built, second)).toBe(true);
    expect(second.body.exchange_timestamp).toEqual(first.body.exchange_timestamp);
  });

  it('deadlines in the past, timestamps in the future and accounts it cannot pay to (029c, 043, 049)', async () => {
    const coins = await harness.coins('KUDOS:1', 'KUDOS:1', 'KUDOS:1');
    const parts = coins.map((coin) => [whole(coin)]);
    const past = {
      refundDeadline: harness.now - 7200n * SECOND_US,
      wireDeadline: harness.now - 3600n * SECOND_US,
    };
    await harness.deposited({ merchant, parts: defined(parts[0]), ...past });
    await harness.deposited({ merchant, parts: defined(parts[1]), timestamp: harness.now + day(10) });
    await harness.deposited({
      merchant,
      parts: defined(parts[2]),
      payto: 'payto://upi/shop@bank?receiver-name=Shop',
    });
  });

  it('members that it does not know (053)', async () => {
    const built = harness.build({ merchant, parts: [whole(await harness.coin('KUDOS:1'))] });
    const coins = built.body.coins.map((coin) => ({ ...coin, x_unknown: 'y' }));
    const answer = await harness.post('/batch-deposit', { ...built.body, coins, x_unknown: 1 });
    expectAsRecorded(answer, '053-extra-fields-ignored');
  });

  it('a coin twice in a batch, counted once and confirmed twice, as the real exchange does (054, 054b, 054c)', async () => {
    const cases = [
      ['KUDOS:0.5', 'KUDOS:0.5', 'KUDOS:0.5'],
      ['KUDOS:1', 'KUDOS:1', 'KUDOS:0'],
      ['KUDOS:0.5', 'KUDOS:0.4', 'KUDOS:0.5'],
    ] as const;
    for (const [first, second, left] of cases) {
      const coin = await harness.coin('KUDOS:1');
      const built = await harness.deposited({
        merchant,
        parts: [
          { coin, contribution: first },
          { coin, contribution: second },
        ],
      });
      expect((await harness.deposit(built)).status).toBe(200);
      const book = harness.exchange.books().coins.find((candidate) => candidate.coin_pub === coin.pub);
      expect(book).toMatchObject({ balance: left, deposits: [{ contribution: first }] });
    }
  });
});

describe('batch-deposit refuses double spending', () => {
  it('of a spent coin, naming it (030)', async () => {
    const coin = await harness.coin('KUDOS:1');
    await harness.deposited({ merchant, parts: [whole(coin)] });
    const answer = await harness.deposit(harness.build({ merchant, parts: [whole(coin)] }));
    expectAsRecorded(answer, '030-double-spend');
    expect(answer.body).toMatchObject({
      coin_pub: coin.pub,
      h_denom_pub: encodeBase32(coin.denomination.hDenom),
    });
  });

  it('in the second of two coins, and leaves the first untouched (031, 032)', async () => {
    const [good, spent] = await harness.coins('KUDOS:1', 'KUDOS:5');
    await harness.deposited({ merchant, parts: [whole(defined(spent))] });
    const both = harness.build({ merchant, parts: [whole(defined(good)), whole(defined(spent))] });
    const answer = await harness.deposit(both);
    expectAsRecorded(answer, '031-double-spend-second-of-two');
    expect(answer.body.coin_pub).toBe(defined(spent).pub);
    expect(harness.exchange.books().coins.map((coin) => coin.coin_pub)).not.toContain(defined(good).pub);
    await harness.deposited({ merchant, parts: [whole(defined(good))] });
  });
});

describe('batch-deposit refuses bad signatures', () => {
  it('of the coin, naming it by its hash (033)', async () => {
    const coin = await harness.coin('KUDOS:1');
    const { body } = harness.build({ merchant, parts: [whole(coin)] });
    const coins = body.coins.map((entry) => ({ ...entry, coin_sig: flipBit(entry.coin_sig) }));
    const answer = await harness.post('/batch-deposit', { ...body, coins });
    expectAsRecorded(answer, '033-bad-coin-signature');
    expect(answer.body.detail).toBe(encodeBase32(sha512(coin.signer.publicKey)).slice(0, 8));
    expect(recordedAnswer('033-bad-coin-signature').body).toMatchObject({
      detail: expect.stringMatching(/^.{8}$/),
    });
  });

  it('of the denomination, and of another denomination (034, 037)', async () => {
    const coin = await harness.coin('KUDOS:1');
    const spoiled = { ...coin, signature: Buffer.from(coin.signature) };
    spoiled.signature.writeUInt8(spoiled.signature.readUInt8(9) ^ 1, 9);
    const bad = await harness.deposit(harness.build({ merchant, parts: [whole(spoiled)] }));
    expectAsRecorded(bad, '034-bad-denomination-signature');
    const other = { ...coin, denomination: harness.denomination('KUDOS:2') };
    const wrong = await harness.deposit(
      harness.build({ merchant, parts: [{ coin: other, contribution: 'KUDOS:1' }] }),
    );
    expectAsRecorded(wrong, '037-denomination-of-other-value');
  });

  it('of the merchant (044)', async () => {
    const built = harness.build({ merchant, parts: [whole(await harness.coin('KUDOS:1'))] });
    const signature = encodeBase32(
      merchantContract.sign(makeMerchant().signer, { hContract: built.hContract }),
    );
    const answer = await harness.post('/batch-deposit', { ...built.body, merchant_sig: signature });
    expectAsRecorded(answer, '044-bad-merchant-sig');
    expect(answer.body.detail).toBe('merchant_sig');
  });
});

describe('batch-deposit refuses denominations', () => {
  it('it does not know, and signs that (035)', async () => {
    const coin = await harness.coin('KUDOS:1');
    const hDenom = randomBytes(64);
    const unknown = { ...coin, denomination: { ...coin.denomination, hDenom } };
    const answer = await harness.deposit(harness.build({ merchant, parts: [whole(unknown)] }));
    expectAsRecorded(answer, '035-unknown-denomination');
    const statement = { timestamp: defined(parseTimestamp(answer.body.timestamp)), hDenom };
    const signature = bytes(answer.body.exchange_sig, 64);
    expect(affirmDenomUnknown.verify(harness.exchangePub(answer), statement, signature)).toBe(true);
  });

  it('of the future, and signs that (036)', async () => {
    const coin = await harness.coin('KUDOS:1');
    const denomination = harness.denomination('KUDOS:1', { future: true });
    const answer = await harness.deposit(
      harness.build({ merchant, parts: [whole({ ...coin, denomination })] }),
    );
    expectAsRecorded(answer, '036-denomination-in-future');
    const statement = {
      timestamp: defined(parseTimestamp(answer.body.timestamp)),
      operation: 'DEPOSIT',
      hDenom: denomination.hDenom,
    };
    const signature = bytes(answer.body.exchange_sig, 64);
    expect(affirmDenomExpired.verify(harness.exchangePub(answer), statement, signature)).toBe(true);
  });

  it('that conflict with an earlier use of the coin key, in age or value (057-059)', async () => {
    const reserve = await harness.fund('KUDOS:20');
    const signer = createSigner(generateSeed());
    const denomination = harness.denomination('KUDOS:5', { age: true });
    const [one, two, three] = await harness.withdraw(reserve, [
      { denomination, signer, hAge: randomBytes(32) },
      { denomination, signer, hAge: randomBytes(32) },
      { denomination: harness.denomination('KUDOS:2'), signer },
    ]);
    const deposit = (coin: Coin | undefined) =>
      harness.deposit(harness.build({ merchant, parts: [{ coin: defined(coin), contribution: 'KUDOS:1' }] }));
    expectAsRecorded(await deposit(one), '057-age-coin-first-use');
    const age = await deposit(two);
    expectAsRecorded(age, '058-conflicting-age-commitment');
    expect(age.body.expected_age_commitment_hash).toBe(encodeBase32(defined(one?.hAge)));
    const value = await deposit(three);
    expectAsRecorded(value, '059-conflicting-denomination');
    expect(value.body.prev_denom_sig).toEqual({
      cipher: 'RSA',
      rsa_signature: encodeBase32(defined(one).signature),
    });
  });
});

describe('batch-deposit refuses terms', () => {
  let coin: Coin;
  beforeAll(async () => {
    coin = await harness.coin('KUDOS:2');
  });
  const refused = async (name: string, contribution: string, terms: Record<string, bigint> = {}) =>
    expectAsRecorded(
      await harness.deposit(harness.build({ merchant, parts: [{ coin, contribution }], ...terms })),
      name,
    );

  it('with contributions above the value, below the fee or in another currency (038-040)', async () => {
    await refused('038-contribution-above-value', 'KUDOS:2.5');
    await refused('039-contribution-below-fee', 'KUDOS:0.01');
    await refused('040-wrong-currency', 'EUR:1');
  });

  it('with impossible deadlines (041, 042)', async () => {
    const wireDeadline = harness.now + day(2);
    await refused('041-refund-deadline-after-wire-deadline', 'KUDOS:1', {
      wireDeadline,
      refundDeadline: wireDeadline + 10n * SECOND_US,
    });
    await refused('042-wire-deadline-never', 'KUDOS:1', { wireDeadline: 9223372036854775807n });
  });

  it('with missing or malformed members, telling which (045-051)', async () => {
    const { body } = harness.build({ merchant, parts: [{ coin, contribution: 'KUDOS:1' }] });
    const cases: ReadonlyArray<readonly [string, Record<string, unknown>]> = [
      ['045-missing-field', { wire_salt: undefined }],
      ['046-missing-timestamp', { timestamp: undefined }],
      ['047-no-coins', { coins: [] }],
      ['048-bad-payto', { merchant_payto_uri: 'payto://x-taler-bank/localhost/Merchant1' }],
      ['050-bad-base32', { merchant_pub: `!${merchant.pub.slice(1)}` }],
      ['051-short-key', { merchant_pub: merchant.pub.slice(1) }],
      ['070-too-many-coins', { coins: Array.from({ length: 257 }, () => body.coins[0]) }],
    ];
    for (const [name, change] of cases) {
      expectAsRecorded(await harness.post('/batch-deposit', { ...body, ...change }), name);
    }
    expect((await harness.post('/batch-deposit', { ...body, coins: [] })).body.detail).toBe('coins');
  });

  it('with a policy (052)', async () => {
    const { body } = harness.build({ merchant, parts: [{ coin, contribution: 'KUDOS:1' }] });
    const policy = { type: 'no-such-policy' };
    expectAsRecorded(await harness.post('/batch-deposit', { ...body, policy }), '052-policy-not-supported');
  });

  it('that differ from those of earlier deposits for the contract (055, 056)', async () => {
    const [first, fresh] = await harness.coins('KUDOS:1', 'KUDOS:1');
    const hContract = randomBytes(64);
    const known = await harness.deposited({ merchant, hContract, parts: [whole(defined(first))] });
    const parts = [whole(defined(fresh))];
    const salt = await harness.deposit(harness.build({ merchant, hContract, parts, salt: randomBytes(16) }));
    expectAsRecorded(salt, '055-conflicting-contract-other-salt');
    expect(salt.body.h_wire).toBe(encodeBase32(known.hWire));
    const wireDeadline = known.wireDeadline + SECOND_US;
    const deadline = await harness.deposit(harness.build({ merchant, hContract, parts, wireDeadline }));
    expectAsRecorded(deadline, '056-conflicting-contract-other-deadline');
    expect(deadline.body.h_wire).toBe(encodeBase32(known.hWire));
  });

  it('that say another contribution for a coin of the contract, unlike the real exchange', async () => {
    const fresh = await harness.coin('KUDOS:1');
    const hContract = randomBytes(64);
    await harness.deposited({ merchant, hContract, parts: [{ coin: fresh, contribution: 'KUDOS:0.5' }] });
    const parts = [{ coin: fresh, contribution: 'KUDOS:0.6' }];
    const answer = await harness.deposit(harness.build({ merchant, hContract, parts }));
    expect([answer.status, answer.body.code]).toEqual([409, 1206]);
  });

  it('in coins that are no objects', async () => {
    const { body } = harness.build({ merchant, parts: [{ coin, contribution: 'KUDOS:1' }] });
    const answer = await harness.post('/batch-deposit', { ...body, coins: [7] });
    expect([answer.status, answer.body]).toMatchObject([400, { code: 22, field: 'contribution', line: 0 }]);
    expect(coinJson(coin, 'KUDOS:1', Buffer.alloc(64))).not.toHaveProperty('h_age_commitment');
  });
});

describe('after the deposit period', () => {
  it('deposits and their repetition are refused with a signed statement, refunds go on (300-302)', async () => {
    const own = await Harness.start();
    try {
      const [used, unused] = await own.coins('KUDOS:1', 'KUDOS:1');
      const far = { wireDeadline: own.now + day(1000) };
      const built = await own.deposited({ merchant, parts: [whole(defined(used))], ...far });
      const late = own.build({ merchant, parts: [whole(defined(unused))], ...far });
      await own.exchange.moveTime(761 * DAY_S);
      const answer = await own.deposit(late);
      expectAsRecorded(answer, '300-denomination-expired');
      expectAsRecorded(await own.deposit(built), '301-deposit-repeated-after-expiry');
      const { hContract } = built;
      const refund = { merchant, coin: defined(used), hContract, id: 1, value: 'KUDOS:0.5' };
      expectAsRecorded(await own.refund(refund), '302-refund-after-expiry');
      const fresh = (await own.get('/keys')).body;
      expect(JSON.stringify(fresh)).toContain(String(answer.body.exchange_pub));
    } finally {
      await own.close();
    }
  });
});
