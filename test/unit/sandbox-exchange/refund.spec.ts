import { randomBytes } from 'node:crypto';
import { encodeBase32 } from '../../../src/taler/base32';
import { createSigner, generateSeed } from '../../../src/taler/eddsa';
import { affirmDenomUnknown, confirmRefund } from '../../../src/taler/signatures-exchange';
import { coinHistory } from '../../../src/taler/signatures-wallet';
import { parseTimestamp, SECOND_US } from '../../../src/taler/timestamp';
import { expectAsRecorded } from './fixture';
import type { Answer } from './http-client';
import {
  amount,
  type BuiltDeposit,
  bytes,
  type Coin,
  defined,
  flipBit,
  Harness,
  makeMerchant,
  objects,
} from './harness';

let harness: Harness;
const merchant = makeMerchant();
beforeAll(async () => {
  harness = await Harness.start();
});
afterAll(() => harness.close());

interface Deposited {
  readonly coin: Coin;
  readonly hContract: Buffer;
  readonly built: BuiltDeposit;
}

async function depositOf(
  value: string,
  terms: { refundDeadline?: bigint | null; wireDeadline?: bigint } = {},
): Promise<Deposited> {
  const coin = await harness.coin(value);
  const built = await harness.deposited({ merchant, parts: [{ coin, contribution: value }], ...terms });
  return { coin, hContract: built.hContract, built };
}

function isConfirmed(
  answer: Answer,
  refund: { coin: Coin; hContract: Buffer; id: number; value: string },
): boolean {
  const signed = {
    hContract: refund.hContract,
    coinPub: refund.coin.signer.publicKey,
    merchantPub: merchant.signer.publicKey,
    rtransactionId: BigInt(refund.id),
    refundAmount: amount(refund.value),
  };
  return confirmRefund.verify(harness.exchangePub(answer), signed, bytes(answer.body.exchange_sig, 64));
}

describe('a refund', () => {
  let deposited: Deposited;
  const ask = (id: number, value: string) => harness.refund({ merchant, ...deposited, id, value });
  beforeAll(async () => {
    deposited = await depositOf('KUDOS:2');
  });

  it('goes in parts, each confirmed and repeatable, until all is refunded (080-084, 089-091)', async () => {
    const first = await ask(1, 'KUDOS:0.5');
    expectAsRecorded(first, '080-refund-partial');
    expect(isConfirmed(first, { ...deposited, id: 1, value: 'KUDOS:0.5' })).toBe(true);
    const repeated = await ask(1, 'KUDOS:0.5');
    expectAsRecorded(repeated, '081-refund-repeated');
    expect(repeated.body).toEqual(first.body);
    expectAsRecorded(await ask(1, 'KUDOS:0.6'), '082-refund-same-id-other-amount');
    expectAsRecorded(await ask(2, 'KUDOS:0.5'), '083-refund-second-part');
    expectAsRecorded(await ask(3, 'KUDOS:1.5'), '084-refund-too-much');
    expectAsRecorded(await ask(8, 'KUDOS:0.001'), '089-refund-below-refund-fee');
    expectAsRecorded(await ask(9, 'KUDOS:1'), '090-refund-rest');
    expectAsRecorded(await ask(10, 'KUDOS:0'), '091-refund-zero');
    const more = await ask(11, 'KUDOS:0.1');
    expect([more.status, more.body.code]).toEqual([409, 1501]);
  });

  it('shows in the history of the coin, with the balance of the recording (094)', async () => {
    const { coin } = deposited;
    const signature = encodeBase32(coinHistory.sign(coin.signer, { startOffset: 0n }));
    const path = `/coins/${coin.pub}/history`;
    const answer = await harness.get(path, { 'Taler-Coin-History-Signature': signature });
    expectAsRecorded(answer, '094-coin-history');
    expect(answer.body.balance).toBe('KUDOS:1.99');
    expect(objects(answer.body.history).map(({ type, amount: value }) => [type, value])).toEqual([
      ['DEPOSIT', 'KUDOS:2'],
      ['REFUND', 'KUDOS:0.49'],
      ['REFUND', 'KUDOS:0.49'],
      ['REFUND', 'KUDOS:0.99'],
    ]);
    const forged = await harness.get(path, { 'Taler-Coin-History-Signature': flipBit(signature) });
    expect([forged.status, forged.body.code]).toEqual([403, 1251]);
    expect((await harness.get(path)).body).toMatchObject({
      code: 25,
      detail: 'Taler-Coin-History-Signature',
    });
  });

  it('is refused for a bad signature, another merchant or another contract (085-087)', async () => {
    const { coin, hContract } = deposited;
    const refund = { merchant, coin, hContract, id: 4, value: 'KUDOS:0.1' };
    const body = harness.refundBody(refund);
    const path = `/coins/${coin.pub}/refund`;
    const forged = await harness.post(path, { ...body, merchant_sig: flipBit(body.merchant_sig) });
    expectAsRecorded(forged, '085-refund-bad-signature');
    expectAsRecorded(
      await harness.refund({ ...refund, merchant: makeMerchant() }),
      '086-refund-other-merchant',
    );
    expectAsRecorded(
      await harness.refund({ ...refund, hContract: randomBytes(64) }),
      '087-refund-other-contract',
    );
  });

  it('of an unknown coin is answered with a statement about an all-zero denomination (088)', async () => {
    const signer = createSigner(generateSeed());
    const coin = { ...deposited.coin, signer, pub: encodeBase32(signer.publicKey) };
    const answer = await harness.refund({ ...deposited, merchant, coin, id: 7, value: 'KUDOS:0.1' });
    expectAsRecorded(answer, '088-refund-unknown-coin');
    const statement = { timestamp: defined(parseTimestamp(answer.body.timestamp)), hDenom: Buffer.alloc(64) };
    const signature = bytes(answer.body.exchange_sig, 64);
    expect(affirmDenomUnknown.verify(harness.exchangePub(answer), statement, signature)).toBe(true);
  });

  it('is refused when malformed (092, 093)', async () => {
    const { coin, hContract } = deposited;
    const body = harness.refundBody({ merchant, coin, hContract, id: 11, value: 'KUDOS:0.1' });
    const text = await harness.post(`/coins/${coin.pub}/refund`, { ...body, rtransaction_id: '11' });
    expectAsRecorded(text, '092-refund-malformed');
    expectAsRecorded(await harness.post('/coins/AAAA/refund', {}), '093-refund-bad-coin-pub');
  });
});

describe('a coin that was refunded fully', () => {
  it('can be spent again, less the refund fee (095, 096)', async () => {
    const { coin, hContract } = await depositOf('KUDOS:2');
    const answer = await harness.refund({ merchant, coin, hContract, id: 1, value: 'KUDOS:2' });
    expectAsRecorded(answer, '095-refund-full');
    const tooMuch = await harness.deposit(
      harness.build({ merchant, parts: [{ coin, contribution: 'KUDOS:2' }] }),
    );
    expect(tooMuch.body.code).toBe(1012);
    const again = await harness.deposit(
      harness.build({ merchant, parts: [{ coin, contribution: 'KUDOS:1.99' }] }),
    );
    expectAsRecorded(again, '096-spend-after-full-refund');
  });
});

describe('the refund deadline', () => {
  it('does not matter before the money is wired (097, 098)', async () => {
    const past = { refundDeadline: harness.now - SECOND_US, wireDeadline: harness.now };
    const late = await depositOf('KUDOS:1', past);
    const afterDeadline = await harness.refund({ merchant, ...late, id: 1, value: 'KUDOS:1' });
    expectAsRecorded(afterDeadline, '097-refund-after-refund-deadline');
    const without = await depositOf('KUDOS:1', { refundDeadline: null });
    const noDeadline = await harness.refund({ merchant, ...without, id: 1, value: 'KUDOS:1' });
    expectAsRecorded(noDeadline, '098-refund-when-no-refund-deadline');
  });
});
