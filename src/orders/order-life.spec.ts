import { TalerCode } from '../taler/error-codes';
import { TalerError } from '../taler/taler-error';
import { amountOf } from '../taler/amount';
import type { Order } from './order';
import {
  checkOrderLife,
  ORDER_LIFE,
  type OrderAction,
  type OrderRule,
  type OrderState,
  requireAllowed,
  stateOf,
} from './order-life';

const ACTIONS = [
  'claim',
  'claim by another wallet',
  'unclaim',
  'pay',
  'pay with other coins',
  'abort',
  'grant refund',
  'collect refunds',
  'forget',
  'delete',
  'delete by force',
] as const satisfies readonly OrderAction[];

/**
 * The table of orders.md 7.1, with the columns that it leaves to the sections of the endpoints (abort 5.5, collecting
 * refunds 5.6, forget 4.5). A number is the code of the refusal, a word the state that follows.
 */
const TABLE: Record<OrderState, string> = {
  //          claim     other     unclaim   pay      other  abort   grant    collect  forget   delete    force
  unknown:
    '  2300      2300      2300      2005     2005   2005    2005     2005     2005     2005      2005',
  unclaimed:
    'claimed   claimed   2300      2005     2005   2253    2005     2005     2005     unknown   unknown',
  claimed:
    '  claimed   2301      unclaimed paid     paid   claimed 2531     claimed  claimed  2520      unknown',
  expired:
    '  expired   2301      unclaimed 2161     2161   expired 2531     expired  expired  unknown   unknown',
  paid: '     paid      2301      2300      paid     2160   2254    refunded paid     paid     2521      2521',
  refunded:
    ' refunded  2301      2300      2167     2160   2254    refunded refunded refunded 2521      2521',
};

const STATES = Object.keys(TABLE) as OrderState[];
const CELLS = STATES.flatMap((state) => {
  const cells = TABLE[state].trim().split(/ +/);
  return ACTIONS.map((action, column) => ({ state, action, expected: cells[column] ?? 'missing' }));
});

describe('the life of an order', () => {
  it('has every state and every action of the table, and no more', () => {
    expect(Object.keys(ORDER_LIFE).sort()).toEqual([...STATES].sort());
    for (const rules of Object.values(ORDER_LIFE)) {
      expect(Object.keys(rules).sort()).toEqual([...ACTIONS].sort());
    }
  });

  it.each(CELLS)('$action of an order that is $state: $expected', ({ state, action, expected }) => {
    const rule = ORDER_LIFE[state][action];
    expect('next' in rule ? rule.next : String(rule.refused)).toBe(expected);
  });

  it.each(CELLS)(
    'what is asked before $action when it is $state agrees with it',
    ({ state, action, expected }) => {
      const ask = (): void => requireAllowed(state, action, 'order-7');
      if (!/^\d+$/.test(expected)) return expect(ask).not.toThrow();
      const refusal = errorOf(ask);
      expect([refusal.code, refusal.detail]).toEqual([Number(expected), 'order-7']);
    },
  );
});

function errorOf(act: () => void): TalerError {
  try {
    act();
  } catch (error) {
    if (error instanceof TalerError) return error;
    throw error;
  }
  throw new Error('it was allowed');
}

describe('the state of an order', () => {
  const KUDOS = (units: bigint) => amountOf('KUDOS', units);
  const order = (members: Partial<Order>): Order => ({
    serial: 1n,
    instanceSerial: 1n,
    orderId: 'order-7',
    contractVersion: 0,
    summary: '',
    amount: KUDOS(5n),
    claimToken: undefined,
    merchantBaseUrl: '',
    fulfillmentUrl: undefined,
    publicReorderUrl: undefined,
    sessionId: undefined,
    created: 0n,
    payDeadline: 100n,
    refundDeadline: 0n,
    wireDeadline: 0n,
    hWire: Buffer.alloc(64),
    claim: undefined,
    payment: undefined,
    refundGranted: KUDOS(0n),
    refundObtained: KUDOS(0n),
    ...members,
  });
  const claim = { nonce: '', hContract: Buffer.alloc(64) };
  const payment = { paid: 50n, lastPayment: 50n, choiceIndex: undefined };
  const rows: [string, Order | undefined, bigint, OrderState][] = [
    ['no row', undefined, 0n, 'unknown'],
    ['nobody has claimed it', order({}), 0n, 'unclaimed'],
    ['nobody has claimed it in time', order({}), 101n, 'unclaimed'],
    ['a wallet holds it', order({ claim }), 0n, 'claimed'],
    ['at the very deadline', order({ claim }), 100n, 'claimed'],
    ['past the deadline', order({ claim }), 101n, 'expired'],
    ['paid', order({ claim, payment }), 0n, 'paid'],
    ['paid, past the deadline', order({ claim, payment }), 101n, 'paid'],
    ['a refund was granted', order({ claim, payment, refundGranted: KUDOS(1n) }), 0n, 'refunded'],
  ];
  it.each(rows)('%s', (_, row, nowUs, state) => {
    expect(stateOf(row, nowUs)).toBe(state);
  });
});

describe('the check at start-up', () => {
  const changed = (state: OrderState, action: OrderAction, rule: OrderRule): typeof ORDER_LIFE => ({
    ...ORDER_LIFE,
    [state]: { ...ORDER_LIFE[state], [action]: rule },
  });

  it('accepts the table', () => {
    expect(() => checkOrderLife()).not.toThrow();
  });

  it('refuses a refusal that blames the server, and one without status', () => {
    const broken = { refused: TalerCode.GENERIC_DB_STORE_FAILED };
    expect(() => checkOrderLife(changed('paid', 'delete', broken))).toThrow(
      'life of an order: "delete" in "paid" is refused with 52, status 500',
    );
    const nonsense = { refused: 999_999 as TalerCode };
    expect(() => checkOrderLife(changed('paid', 'delete', nonsense))).toThrow(
      'life of an order: "delete" in "paid" is refused with 999999, status 0',
    );
  });

  it('refuses a refusal whose status is one of success', () => {
    const tracking = { refused: TalerCode.MERCHANT_GET_ORDERS_EXCHANGE_TRACKING_FAILURE };
    expect(() => checkOrderLife(changed('claimed', 'pay', tracking))).toThrow('status 200');
  });

  it.each(['unclaimed', 'claimed', 'expired', 'unknown'] as const)(
    'refuses a way from a payment back to "%s"',
    (next) => {
      for (const state of ['paid', 'refunded'] as const) {
        expect(() => checkOrderLife(changed(state, 'abort', { next }))).toThrow(
          `life of an order: "abort" in "${state}" leads to "${next}", which forgets a payment`,
        );
      }
    },
  );

  it('refuses to do anything with an order that is not there', () => {
    expect(() => checkOrderLife(changed('unknown', 'claim', { next: 'claimed' }))).toThrow(
      'life of an order: "claim" in "unknown" cannot be allowed',
    );
  });

  it('refuses a state that nothing leads to', () => {
    const refused = { refused: TalerCode.MERCHANT_GENERIC_ORDER_UNKNOWN };
    const noRefunds = changed('paid', 'grant refund', refused);
    expect(() => checkOrderLife(noRefunds)).toThrow('life of an order: nothing leads to "refunded"');
    const noClaims = {
      ...ORDER_LIFE,
      unclaimed: { ...ORDER_LIFE.unclaimed, claim: refused, 'claim by another wallet': refused },
    };
    expect(() => checkOrderLife(noClaims)).toThrow('nothing leads to "claimed"');
  });
});
