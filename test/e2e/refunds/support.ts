import { decodeBase32, encodeBase32 } from '../../../src/taler/base32';
import { confirmRefund } from '../../../src/taler/signatures-exchange';
import type { ApiAnswer } from '../../support/api';
import type { TestShop, TestWorld } from '../../support/app';
import { bytes, Customer } from '../payments/support/customer';
import { type Coin, type CoinWish, coinsOf, money, withdrawCoins } from '../payments/support/purse';

/** How faults name the calls about refunds. */
export const REFUND_CALL = { method: 'POST', path: '/coins/' };

export const NEVER_MADE = encodeBase32(Buffer.alloc(64, 7));

/** POST private/orders/$ID/refund: `refund` is the new total. */
export function grant(
  shop: TestShop,
  order: { readonly orderId: string },
  refund: string,
  reason = 'the dog ate it',
): Promise<ApiAnswer> {
  return shop.api.post(`private/orders/${order.orderId}/refund`, { refund, reason }, { token: shop.token });
}

/** POST orders/$ID/refund */
export function collect(shop: TestShop, customer: Customer): Promise<ApiAnswer> {
  return shop.api.post(`orders/${customer.orderId}/refund`, { h_contract: encodeBase32(customer.hContract) });
}

/** POST orders/$ID/abort */
export function abort(
  shop: TestShop,
  customer: Customer,
  coins: readonly Pick<Coin, 'coinPub' | 'exchangeBaseUrl'>[],
): Promise<ApiAnswer> {
  return shop.api.post(`orders/${customer.orderId}/abort`, {
    h_contract: encodeBase32(customer.hContract),
    coins: coins.map((coin) => ({ coin_pub: coin.coinPub, exchange_url: coin.exchangeBaseUrl })),
  });
}

/** Coins of the world's exchange, in the order of the wishes. */
export function withdraw(world: TestWorld, ...values: readonly string[]): Promise<Coin[]> {
  const wishes: CoinWish[] = values.flatMap((value) => coinsOf(1, value));
  return withdrawCoins(world.exchange, wishes, world.clock.nowUs());
}

export interface Sale {
  readonly customer: Customer;
  readonly coins: readonly Coin[];
}

/** An order paid with coins of these values, each whole. */
export async function sell(
  world: TestWorld,
  values: readonly string[] = ['5'],
  order: Record<string, unknown> = {},
  request: Record<string, unknown> = {},
): Promise<Sale> {
  const total = values.reduce((sum, value) => sum + money(`KUDOS:${value}`).units, 0n);
  const amount = `KUDOS:${total / 100_000_000n}.${String(total % 100_000_000n).padStart(8, '0')}`;
  const coins = await withdraw(world, ...values);
  const customer = await Customer.order(world.shop, { amount, ...order }, request);
  const paid = await customer.spend(coins);
  if (paid.status !== 200) throw new Error(`pay: ${paid.status} ${paid.text}`);
  return { customer, coins };
}

/** A refund of a coin as POST orders/$ID/refund tells it. */
export interface CoinRefund {
  readonly type: string;
  readonly exchange_status: number;
  readonly exchange_code?: number;
  readonly exchange_reply?: object;
  readonly exchange_sig: string;
  readonly exchange_pub: string;
  readonly rtransaction_id: number;
  readonly coin_pub: string;
  readonly refund_amount: string;
  readonly execution_time: { readonly t_s: number };
}

/** The exchange's word on a refund, checked as a wallet does (crypto.md 5, purpose 1038). */
export function isConfirmed(
  customer: Customer,
  confirmation: { readonly exchange_sig: string; readonly exchange_pub: string },
  refund: { readonly coinPub: string; readonly rtransactionId: number; readonly amount: string },
): boolean {
  const exchangePub = decodeBase32(confirmation.exchange_pub, 32);
  return (
    exchangePub !== undefined &&
    confirmRefund.verify(
      exchangePub,
      {
        hContract: customer.hContract,
        coinPub: bytes(refund.coinPub, 32),
        merchantPub: customer.contract.merchantPub,
        rtransactionId: BigInt(refund.rtransactionId),
        refundAmount: money(refund.amount),
      },
      bytes(confirmation.exchange_sig, 64),
    )
  );
}

/** Every refund of the answer is a success that the exchange has signed. */
export function expectAllConfirmed(customer: Customer, answer: ApiAnswer): void {
  const refunds = answer.body.refunds as CoinRefund[];
  for (const refund of refunds) {
    expect(refund).toMatchObject({ type: 'success', exchange_status: 200 });
    const { coin_pub: coinPub, rtransaction_id: rtransactionId, refund_amount: amount } = refund;
    expect(isConfirmed(customer, refund, { coinPub, rtransactionId, amount })).toBe(true);
  }
}

/** `[coin, transaction, amount]` of each refund of an answer. */
export function slicesOf(answer: ApiAnswer, coins: readonly Coin[]): (readonly [number, number, string])[] {
  const refunds = answer.body.refunds as CoinRefund[];
  return refunds.map((refund) => [
    coins.findIndex((coin) => coin.coinPub === refund.coin_pub),
    refund.rtransaction_id,
    refund.refund_amount,
  ]);
}

/** What the exchange says is on the coin. */
export function balanceOf(world: TestWorld, coin: Coin): string | undefined {
  return world.exchange.books().coins.find(({ coin_pub }) => coin_pub === coin.coinPub)?.balance;
}

/** The whole seconds of the backend's clock, with so many added. */
export function inSeconds(world: TestWorld, seconds: number): { t_s: number } {
  return { t_s: Number(world.clock.nowUs() / 1_000_000n) + seconds };
}
