import { amountOf } from '../taler/amount';
import { TalerError } from '../taler/taler-error';
import type { Order } from './order';
import { judgeAccess } from './public-access';

const TOKEN = Buffer.alloc(16, 1);
const HASH = Buffer.alloc(64, 2);
const OTHER_TOKEN = Buffer.alloc(16, 9);
const OTHER_HASH = Buffer.alloc(64, 9);

function order(traits: { token?: boolean; reorder?: boolean; claimed?: boolean }): Order {
  return {
    serial: 1n,
    instanceSerial: 1n,
    orderId: 'o',
    contractVersion: 0,
    summary: '',
    amount: amountOf('KUDOS', 0n),
    claimToken: traits.token ? TOKEN : undefined,
    merchantBaseUrl: 'http://localhost/',
    fulfillmentUrl: undefined,
    publicReorderUrl: traits.reorder ? 'https://shop.example/again' : undefined,
    sessionId: undefined,
    created: 0n,
    payDeadline: 0n,
    refundDeadline: 0n,
    wireDeadline: 0n,
    hWire: Buffer.alloc(64),
    claim: traits.claimed ? { nonce: 'N', hContract: HASH } : undefined,
    payment: undefined,
    refundGranted: amountOf('KUDOS', 0n),
    refundObtained: amountOf('KUDOS', 0n),
  };
}

function judge(subject: Order, token: Buffer | undefined, hContract: Buffer | undefined): string | number {
  try {
    return judgeAccess(subject, { token, hContract });
  } catch (error) {
    if (!(error instanceof TalerError)) throw error;
    expect(error.status).toBe(403);
    return error.code;
  }
}

describe('who may see the public status (orders.md 5.7)', () => {
  /** What the order has; then for each pair of token and hash: unclaimed, claimed. */
  const ROWS: [string, Buffer | undefined, Buffer | undefined, string | number, string | number][] = [
    ['token reorder', undefined, undefined, 'reorder', 'reorder'],
    ['token reorder', TOKEN, undefined, 'granted', 'granted'],
    ['token reorder', OTHER_TOKEN, undefined, 2105, 2105],
    ['token reorder', undefined, HASH, 'reorder', 'granted'],
    ['token reorder', undefined, OTHER_HASH, 'reorder', 2009],
    ['token reorder', TOKEN, OTHER_HASH, 'granted', 2009],
    ['token reorder', OTHER_TOKEN, HASH, 2105, 2105],
    ['token', undefined, undefined, 2105, 2105],
    ['token', TOKEN, undefined, 'granted', 'granted'],
    ['token', OTHER_TOKEN, undefined, 2105, 2105],
    ['token', undefined, HASH, 2105, 'granted'],
    ['token', undefined, OTHER_HASH, 2105, 2009],
    ['reorder', undefined, undefined, 'granted', 'granted'],
    ['', undefined, undefined, 'granted', 'granted'],
    ['', OTHER_TOKEN, undefined, 2105, 2105],
    ['', Buffer.alloc(16), undefined, 2105, 2105],
    ['', undefined, HASH, 'granted', 'granted'],
    ['', undefined, OTHER_HASH, 'granted', 2009],
    ['', OTHER_TOKEN, HASH, 2105, 2105],
  ];

  it.each(ROWS)(
    'order with [%s], token %s, hash %s: unclaimed %s, claimed %s',
    (has, token, hash, unclaimed, claimed) => {
      const traits = { token: has.includes('token'), reorder: has.includes('reorder') };
      expect(judge(order(traits), token, hash)).toBe(unclaimed);
      expect(judge(order({ ...traits, claimed: true }), token, hash)).toBe(claimed);
    },
  );
});
