import { encodeBase32 } from '../../../src/taler/base32';
import type { ApiAnswer } from '../../support/api';
import type { TestShop } from '../../support/app';
import type { Customer } from '../payments/support/customer';
import type { Coin } from '../payments/support/purse';
import { isConfirmed } from '../refunds/support';
import type { Stage } from './stage';

/** An order at the point where a request is about to come. */
export interface Scene {
  readonly customer: Customer;
  /** Every coin that has a part in it. */
  readonly coins: readonly Coin[];
  /** The request that is broken off and repeated. @param shop as seen at the server that is asked */
  send(shop: TestShop): Promise<ApiAnswer>;
}

/** How a scene ends, without what differs from order to order: keys, signatures and times. */
export interface Ending {
  readonly answer: object;
  readonly order: object;
  readonly coins: readonly object[];
}

/** What the one who asked was told, what the shop sees, and what the exchanges have in their books. */
export async function endingOf(stage: Stage, scene: Scene, answer: ApiAnswer): Promise<Ending> {
  return {
    answer: toldIn(scene, answer),
    order: await shownToShop(stage, scene),
    coins: coinsOf(stage, scene),
  };
}

/** What the shop sees, and what the exchanges have in their books. */
export async function stateOf(stage: Stage, scene: Scene): Promise<Omit<Ending, 'answer'>> {
  return { order: await shownToShop(stage, scene), coins: coinsOf(stage, scene) };
}

interface ToldRefund {
  readonly type?: string;
  readonly coin_pub?: string;
  readonly rtransaction_id?: number;
  readonly refund_amount?: string;
  readonly exchange_status?: number;
  readonly exchange_pub: string;
  readonly exchange_sig?: string;
  readonly merchant_sig?: string;
}

function toldIn({ customer, coins }: Scene, answer: ApiAnswer): object {
  const { status, body } = answer;
  const refunds = body.refunds as ToldRefund[] | undefined;
  return {
    status,
    code: body.code as number | undefined,
    isReceipt: body.sig !== undefined && customer.isReceipt(answer),
    refundAmount: body.refund_amount as string | undefined,
    refunds: refunds?.map((refund, index) => {
      // An abort answers coin by coin, in the order of the request, about the whole of each.
      const coin = refund.coin_pub === undefined ? index : numberOf(coins, refund.coin_pub);
      const { coinPub = '', value = '' } = coins[coin] ?? {};
      const { rtransaction_id: rtransactionId = 0, refund_amount: amount = value, exchange_sig } = refund;
      return {
        coin,
        rtransactionId,
        amount,
        type: refund.type,
        exchangeStatus: refund.exchange_status,
        isConfirmed:
          exchange_sig !== undefined &&
          isConfirmed(customer, { ...refund, exchange_sig }, { coinPub, rtransactionId, amount }),
        isPermitted: refund.merchant_sig !== undefined,
      };
    }),
  };
}

async function shownToShop({ shop }: Stage, { customer }: Scene): Promise<object> {
  const path = `private/orders/${customer.orderId}`;
  const { status, body } = await shop.api.get(path, { token: shop.token });
  expect(status).toBe(200);
  const { order_status, refunded, refund_pending, refund_amount } = body as Record<string, unknown>;
  const details = body.refund_details as { amount: string; pending: boolean }[] | undefined;
  return {
    order_status,
    refunded,
    refund_pending,
    refund_amount,
    refund_details: details?.map(({ amount, pending }) => ({ amount, pending })),
  };
}

function coinsOf({ exchange, second }: Stage, { customer, coins }: Scene): object[] {
  const hContract = encodeBase32(customer.hContract);
  return coins.map(({ coinPub }, coin) => {
    const book = exchange.bookOfCoin(coinPub) ?? second.bookOfCoin(coinPub);
    const deposits = book?.deposits.filter(({ h_contract_terms }) => h_contract_terms === hContract) ?? [];
    return {
      coin,
      balance: book?.balance,
      deposits: deposits.map(({ contribution, refunds }) => ({
        contribution,
        refunds: refunds
          .map(({ rtransaction_id, amount }) => `${rtransaction_id}: ${amount}`)
          // They are asked for at the same time.
          .sort(),
      })),
    };
  });
}

function numberOf(coins: readonly Coin[], coinPub: string): number {
  return coins.findIndex((coin) => coin.coinPub === coinPub);
}
