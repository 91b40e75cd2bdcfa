import { randomBytes } from 'node:crypto';
import { encodeBase32 } from '../../../src/taler/base32';
import { hashFullPayto } from '../../../src/taler/payto';
import {
  confirmWire,
  confirmWireDeposit,
  hashWireDepositDetails,
} from '../../../src/taler/signatures-exchange';
import { parseTimestamp, SECOND_US } from '../../../src/taler/timestamp';
import { expectAsRecorded } from './fixture';
import type { Answer } from './http-client';
import {
  amount,
  type BuiltDeposit,
  bytes,
  type Coin,
  DAY_S,
  defined,
  Harness,
  LONG_MS,
  makeMerchant,
  type Merchant,
  objects,
} from './harness';

let harness: Harness;
beforeEach(async () => {
  harness = await Harness.start();
});
afterEach(() => harness.close());

interface Shop {
  readonly merchant: Merchant;
  readonly pair: BuiltDeposit;
  readonly partly: BuiltDeposit;
  readonly fully: BuiltDeposit;
  readonly coins: readonly [Coin, Coin, Coin, Coin];
}

/** The deposits of recordings 100-119: one contract with two coins, one coin refunded in part, one completely. */
async function shopWithDeposits(): Promise<Shop> {
  const merchant = makeMerchant('Merchant2');
  const [a, b, c, d] = await harness.coins('KUDOS:1', 'KUDOS:1', 'KUDOS:2', 'KUDOS:1');
  const coins = [defined(a), defined(b), defined(c), defined(d)] as const;
  const due = { refundDeadline: harness.now + 5n * SECOND_US, wireDeadline: harness.now + 7n * SECOND_US };
  const one = (coin: Coin, contribution: string) =>
    harness.deposited({ merchant, parts: [{ coin, contribution }], ...due });
  const pair = await harness.deposited({
    merchant,
    parts: [
      { coin: coins[0], contribution: 'KUDOS:1' },
      { coin: coins[1], contribution: 'KUDOS:1' },
    ],
    ...due,
  });
  const partly = await one(coins[2], 'KUDOS:2');
  const fully = await one(coins[3], 'KUDOS:1');
  await harness.refund({ merchant, coin: coins[2], hContract: partly.hContract, id: 1, value: 'KUDOS:0.75' });
  await harness.refund({ merchant, coin: coins[3], hContract: fully.hContract, id: 1, value: 'KUDOS:1' });
  return { merchant, pair, partly, fully, coins };
}

function isConfirmed(answer: Answer, built: BuiltDeposit, coin: Coin): boolean {
  const signed = {
    hWire: built.hWire,
    hContract: built.hContract,
    wtid: bytes(answer.body.wtid, 32),
    coinPub: coin.signer.publicKey,
    executionTime: defined(parseTimestamp(answer.body.execution_time)),
    coinContribution: amount(String(answer.body.coin_contribution)),
  };
  return confirmWire.verify(harness.exchangePub(answer), signed, bytes(answer.body.exchange_sig, 64));
}

describe('tracking before the transfer', () => {
  it('says 202 with the wire deadline, refunded or not (100, 101)', async () => {
    const { pair, fully, coins } = await shopWithDeposits();
    const pending = await harness.get(harness.trackPath(pair, coins[0]));
    expectAsRecorded(pending, '100-track-pending');
    expect(parseTimestamp(pending.body.execution_time)).toBe(pair.wireDeadline);
    expectAsRecorded(
      await harness.get(harness.trackPath(fully, coins[3])),
      '101-track-pending-fully-refunded',
    );
  });

  it('waits only if lpt says for what (102-104)', async () => {
    const { pair, coins } = await shopWithDeposits();
    const path = harness.trackPath(pair, coins[0]);
    expectAsRecorded(await harness.get(`${path}&timeout_ms=${LONG_MS}`), '102-track-timeout-without-lpt');
    const started = Date.now();
    expectAsRecorded(await harness.get(`${path}&timeout_ms=150&lpt=1`), '103-track-long-poll-lpt1');
    expect(Date.now() - started).toBeGreaterThanOrEqual(150);
    const waiting = await harness.longPoll(`${path}&timeout_ms=${LONG_MS}&lpt=2`);
    harness.advance(8);
    await harness.exchange.wireNow();
    const wired = await waiting.answer;
    expectAsRecorded(wired, '104-track-long-poll-lpt2');
    expect(isConfirmed(wired, pair, coins[0])).toBe(true);
  });

  it('refuses bad requests (109-112, 075)', async () => {
    const { pair, coins } = await shopWithDeposits();
    const path = harness.trackPath(pair, coins[0]);
    const [bare] = path.split('?');
    const forged = `${bare}?merchant_sig=${encodeBase32(randomBytes(64))}`;
    expectAsRecorded(await harness.get(forged), '109-track-bad-signature');
    expectAsRecorded(await harness.get(defined(bare)), '110-track-no-signature');
    expectAsRecorded(await harness.get(harness.trackPath(pair, coins[2])), '111-track-unknown-coin');
    const malformed = await harness.get('/deposits/XX/YY/ZZ/WW?merchant_sig=AA');
    expectAsRecorded(malformed, '112-track-malformed');
    expect(malformed.body.detail).toBe('XX');
    const parts = defined(bare).split('/');
    for (const [position, code] of [
      [3, 1102],
      [4, 1103],
      [5, 1104],
    ] as const) {
      const spoiled = parts.map((part, index) => (index === position ? 'XYZ' : part)).join('/');
      expect((await harness.get(`${spoiled}?merchant_sig=AA`)).body).toMatchObject({ code, detail: 'XYZ' });
    }
    const segments = await harness.get('/deposits/x/y');
    expectAsRecorded(segments, '075-wrong-number-of-segments');
    expect(segments.body.detail).toBe("Got 2+/4 segments for `deposits' request (`/x/y')");
  });
});

describe('the transfer', () => {
  it('brings all due deposits of a merchant account in one sum, less fees and refunds (105-108, 113)', async () => {
    const { merchant, pair, partly, fully, coins } = await shopWithDeposits();
    harness.advance(8);
    const [wtid, ...others] = await harness.exchange.wireNow();
    expect(others).toEqual([]);
    const done = await harness.get(harness.trackPath(pair, coins[0]));
    expectAsRecorded(done, '105-track-done');
    expect(done.body).toMatchObject({ wtid, coin_contribution: 'KUDOS:0.99' });
    expectAsRecorded(await harness.get(harness.trackPath(pair, coins[1])), '106-track-done-second-coin');
    const part = await harness.get(harness.trackPath(partly, coins[2]));
    expectAsRecorded(part, '107-track-done-partly-refunded');
    expect(part.body.coin_contribution).toBe('KUDOS:1.98');
    expect(isConfirmed(part, partly, coins[2])).toBe(true);
    const none = await harness.get(harness.trackPath(fully, coins[3]));
    expectAsRecorded(none, '108-track-done-fully-refunded');
    expect(none.body.coin_contribution).toBe('KUDOS:0.99');

    const transfer = await harness.get(`/transfers/${wtid}`);
    expectAsRecorded(transfer, '113-transfer');
    expect(transfer.body).toMatchObject({
      total: 'KUDOS:3.2',
      wire_fee: 'KUDOS:0.01',
      merchant_pub: merchant.pub,
    });
    const lines = objects(transfer.body.deposits);
    expect(
      lines.map(({ deposit_value, deposit_fee, refund_total }) => [deposit_value, deposit_fee, refund_total]),
    ).toEqual([
      ['KUDOS:1', 'KUDOS:0.01', undefined],
      ['KUDOS:1', 'KUDOS:0.01', undefined],
      ['KUDOS:1.25', 'KUDOS:0.02', 'KUDOS:0.75'],
      ['KUDOS:0', 'KUDOS:0', 'KUDOS:1'],
    ]);
    const executionTime = defined(parseTimestamp(transfer.body.execution_time));
    const signed = {
      total: amount('KUDOS:3.2'),
      wireFee: amount('KUDOS:0.01'),
      merchantPub: merchant.signer.publicKey,
      hPayto: hashFullPayto(merchant.payto),
      hDetails: hashWireDepositDetails(
        lines.map((line) => ({
          hContract: bytes(line.h_contract_terms, 64),
          executionTime,
          coinPub: bytes(line.coin_pub, 32),
          depositValue: amount(String(line.deposit_value)),
          depositFee: amount(String(line.deposit_fee)),
        })),
      ),
    };
    expect(transfer.body.h_payto).toBe(encodeBase32(signed.hPayto));
    const signature = bytes(transfer.body.exchange_sig, 64);
    expect(confirmWireDeposit.verify(harness.exchangePub(transfer), signed, signature)).toBe(true);
  });

  it('ends refunds, but not their repetition nor that of deposits (116-119)', async () => {
    const { merchant, pair, partly, coins } = await shopWithDeposits();
    harness.advance(8);
    await harness.exchange.wireNow();
    const late = { merchant, coin: coins[0], hContract: pair.hContract, id: 1, value: 'KUDOS:0.5' };
    expectAsRecorded(await harness.refund(late), '116-refund-after-wire');
    const granted = { merchant, coin: coins[2], hContract: partly.hContract, id: 1, value: 'KUDOS:0.75' };
    expectAsRecorded(await harness.refund(granted), '117-refund-repeated-after-wire');
    expectAsRecorded(await harness.refund(late), '118-refund-again-after-410');
    const repeated = await harness.deposit(pair);
    expectAsRecorded(repeated, '119-deposit-repeated-after-wire');
    expect(harness.confirms(pair, repeated)).toBe(true);
  });

  it('is unknown under another identifier (114, 115)', async () => {
    expectAsRecorded(
      await harness.get(`/transfers/${encodeBase32(randomBytes(32))}`),
      '114-transfer-unknown',
    );
    const malformed = await harness.get('/transfers/XYZ');
    expectAsRecorded(malformed, '115-transfer-malformed');
    expect(malformed.body.detail).toBe('XYZ');
  });

  it('shows in the histories of the bank on both sides (120, 121)', async () => {
    await shopWithDeposits();
    harness.advance(8);
    const [wtid] = await harness.exchange.wireNow();
    const revenue = await harness.get('/bank/accounts/Merchant2/taler-revenue/history?delta=-5');
    expectAsRecorded(revenue, '120-bank-revenue-history');
    expect(objects(revenue.body.incoming_transactions)).toMatchObject([
      { amount: 'KUDOS:3.2', subject: `${wtid} ${harness.exchange.baseUrl}` },
    ]);
    const outgoing = await harness.get(
      '/bank/accounts/Exchange/taler-wire-gateway/history/outgoing?delta=-5',
    );
    expectAsRecorded(outgoing, '121-bank-outgoing-history');
    const rowId = Number(objects(revenue.body.incoming_transactions)[0]?.row_id);
    const after = `/bank/accounts/Merchant2/taler-revenue/history?limit=5&delta=5&offset=${rowId}&start=${rowId}`;
    expect((await harness.get(after)).status).toBe(204);
    expect((await harness.get(after.replaceAll(`=${rowId}`, `=${rowId - 1}`))).status).toBe(200);
    const config = await harness.get('/bank/accounts/Merchant2/taler-revenue/config');
    expect(config.body).toEqual({
      name: 'taler-revenue',
      version: '0:0:0',
      currency: 'KUDOS',
      implementation: 'urn:net:taler:specs:bank:fakebank',
    });
  });

  it('wakes a history poll, pays IBAN accounts, and spares what is not due', async () => {
    const shop = makeMerchant('Late');
    const iban = { ...makeMerchant(), payto: 'payto://iban/DE75512108001245126199?receiver-name=Shop' };
    const [one, two] = await harness.coins('KUDOS:1', 'KUDOS:1');
    await harness.deposited({ merchant: shop, parts: [{ coin: defined(one), contribution: 'KUDOS:1' }] });
    const due = { refundDeadline: null, wireDeadline: harness.now };
    await harness.deposited({
      merchant: iban,
      parts: [{ coin: defined(two), contribution: 'KUDOS:1' }],
      ...due,
    });
    const history = '/bank/accounts/DE75512108001245126199/taler-revenue/history?delta=5&start=0';
    const waiting = await harness.longPoll(`${history}&long_poll_ms=${LONG_MS}`);
    expect(await harness.exchange.wireNow()).toHaveLength(1);
    expect((await waiting.answer).body).toMatchObject({
      credit_account: iban.payto,
      incoming_transactions: [{ amount: 'KUDOS:0.98' }],
    });
    harness.advance(3 * DAY_S);
    expect(await harness.exchange.wireNow()).toHaveLength(1);
  });

  it('happens by itself when the deadline comes', async () => {
    const own = await Harness.start({ aggregationIntervalMs: 20 });
    try {
      const merchant = makeMerchant();
      const coin = await own.coin('KUDOS:1');
      const due = { refundDeadline: null, wireDeadline: own.now + 2n * SECOND_US };
      const built = await own.deposited({ merchant, parts: [{ coin, contribution: 'KUDOS:1' }], ...due });
      const waiting = await own.longPoll(`${own.trackPath(built, coin)}&timeout_ms=${LONG_MS}&lpt=2`);
      own.advance(3);
      expect((await waiting.answer).status).toBe(200);
    } finally {
      await own.close();
    }
  });
});

describe('the books', () => {
  it('account for every cent', async () => {
    await shopWithDeposits();
    harness.advance(8);
    await harness.exchange.wireNow();
    const { totals } = harness.exchange.books();
    const units = (name: keyof typeof totals): bigint => amount(totals[name]).units;
    expect(units('credited')).toBe(units('reserve_balances') + units('withdrawn') + units('withdraw_fees'));
    expect(units('deposited')).toBe(
      units('wired') + units('wire_fees') + units('deposit_fees') + units('pending') + units('refunded'),
    );
    expect(totals).toMatchObject({
      deposited: 'KUDOS:5',
      refunded: 'KUDOS:1.75',
      wired: 'KUDOS:3.2',
      pending: 'KUDOS:0',
    });
    expect((await harness.get('/sandbox/books')).body).toEqual(
      JSON.parse(JSON.stringify(harness.exchange.books())),
    );
  });
});
