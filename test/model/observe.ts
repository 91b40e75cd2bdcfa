import { hashContract } from '../../src/taler/contract-terms';
import { amountOf, formatAmount } from '../../src/taler/amount';
import { decodeBase32, encodeBase32 } from '../../src/taler/base32';
import type { JsonObject } from '../../src/taler/json';
import type { CoinBook } from '../../sandbox/exchange/books';
import type { Pool } from 'pg';
import type { Actors } from './actors';
import {
  balanceOf,
  granted,
  isOf,
  isPastRefundDeadline,
  type Model,
  type ModelOrder,
  obtained,
  pricesOf,
} from './model';
import { PURSE, type Session, type SlotName } from './steps';

/** What can be seen from outside, in a form that model and backend both can be brought to. */
export type Sight = Readonly<Record<string, unknown>>;

/** How the public status is asked: by whom, and for which session. */
export interface Question {
  readonly slot: SlotName;
  readonly session: Session | undefined;
  readonly credential: 'none' | 'token' | 'wrong token' | 'contract' | 'wrong contract';
  readonly allowRefunded: boolean;
}

const SLOTS = ['A', 'B'] as const;

const text = (units: bigint): string => formatAmount(amountOf('KUDOS', units));

/** The other order for the same thing that is paid in this session (orders.md 7.4). */
function boughtBefore(model: Model, { slot, session, allowRefunded }: Question): SlotName | undefined {
  const order = model.orders[slot];
  const other: SlotName = slot === 'A' ? 'B' : 'A';
  const earlier = model.orders[other];
  if (!order || !earlier?.payment || session === undefined || earlier.session !== session) return undefined;
  if (!order.spec.withUrl || !earlier.spec.withUrl) return undefined;
  return granted(earlier) > 0n && !allowRefunded ? undefined : other;
}

function isPaidIn(order: ModelOrder, session: Session | undefined): boolean {
  return order.payment !== undefined && (session === undefined || order.session === session);
}

/** Private status (orders.md 4.3) as the model has it. */
export function expectedPrivate(model: Model, actors: Actors, question: Question): Sight {
  const order = model.orders[question.slot];
  if (!order) return { status: 404, code: 2005 };
  const isPaid = isPaidIn(order, question.session);
  const earlier = isPaid ? undefined : boughtBefore(model, question);
  const contract = order.contract;
  const hContract = contract === undefined ? undefined : actors.hContractOf(contract);
  if (earlier !== undefined)
    return {
      status: 200,
      order_status: 'unpaid',
      already_paid: actors.orderId(earlier),
      isForgotten: order.isForgotten,
    };
  const common = { status: 200, hContract, isForgotten: order.isForgotten };
  if (!isPaid && contract !== undefined) return { ...common, order_status: 'claimed' };
  if (!isPaid)
    return { status: 200, order_status: 'unpaid', already_paid: undefined, isForgotten: order.isForgotten };
  return {
    ...common,
    order_status: 'paid',
    refunded: granted(order) > 0n,
    refund_pending: obtained(order) < granted(order),
    refund_amount: text(granted(order)),
    choice_index: order.payment?.choice,
    refund_details: text(granted(order)),
    wired: false,
  };
}

export async function seePrivate(actors: Actors, question: Question): Promise<Sight> {
  const query = new URLSearchParams();
  const session = actors.sessionId(question.session);
  if (session !== undefined) query.set('session_id', session);
  if (question.allowRefunded) query.set('allow_refunded_for_repurchase', 'YES');
  const { status, body } = await actors.readAsShop(
    `private/orders/${actors.orderId(question.slot)}?${query.toString()}`,
  );
  if (status !== 200) return { status, code: body?.code as unknown };
  const terms = (body.contract_terms ?? body.proto_contract_terms) as JsonObject | undefined;
  const isForgotten = (terms?.['extra'] as JsonObject | undefined)?.['note'] === undefined;
  if (body.order_status === 'unpaid')
    return {
      status,
      order_status: 'unpaid',
      already_paid: body.already_paid_order_id as unknown,
      isForgotten,
    };
  const hContract = terms && encodeBase32(hashContract(terms));
  const common = { status, hContract, isForgotten, order_status: body.order_status as unknown };
  if (body.order_status === 'claimed') return common;
  const details = (body.refund_details as { amount: string; pending: boolean }[]).map(({ amount }) =>
    unitsOf(amount),
  );
  return {
    ...common,
    refunded: body.refunded as unknown,
    refund_pending: body.refund_pending as unknown,
    refund_amount: body.refund_amount as unknown,
    choice_index: body.choice_index as unknown,
    refund_details: text(details.reduce((sum, units) => sum + units, 0n)),
    wired: body.wired as unknown,
  };
}

/** Public status (orders.md 5.7) as the model has it, with the matrix of credentials. */
export function expectedPublic(model: Model, actors: Actors, question: Question): Sight {
  const order = model.orders[question.slot];
  if (!order) return { status: 404, code: 2005 };
  const { credential } = question;
  const isClaimed = order.contract !== undefined;
  const isTokenWrong = credential === 'wrong token' || (credential === 'token' && !order.spec.withToken);
  if (isTokenWrong) return { status: 403, code: 2105 };
  if (credential === 'wrong contract' && isClaimed) return { status: 403, code: 2009 };
  const isKnown = credential === 'token' || (credential === 'contract' && isClaimed);
  if (!isKnown && order.spec.withToken) return { status: 403, code: 2105 };
  if (isPaidIn(order, question.session)) {
    return {
      status: 200,
      refunded: granted(order) > 0n,
      refund_pending: obtained(order) < granted(order),
      refund_amount: text(granted(order)),
      refund_taken: text(obtained(order)),
    };
  }
  const earlier = boughtBefore(model, question);
  return { status: 402, already_paid: earlier === undefined ? undefined : actors.orderId(earlier) };
}

/** The query that shows a credential; of one that is not there, nothing. */
export async function seePublic(model: Model, actors: Actors, question: Question): Promise<Sight> {
  const { slot, credential } = question;
  const query = new URLSearchParams();
  const order = model.orders[slot];
  const contract = order?.contract;
  const hContract = contract === undefined ? undefined : actors.hContractOf(contract);
  const junk = (bytes: number): string => encodeBase32(Buffer.alloc(bytes, 7));
  if (credential === 'token') query.set('token', actors.tokenOf(slot) ?? junk(16));
  if (credential === 'wrong token') query.set('token', junk(16));
  if (credential === 'contract') query.set('h_contract', hContract ?? junk(64));
  if (credential === 'wrong contract') query.set('h_contract', junk(64));
  const session = actors.sessionId(question.session);
  if (session !== undefined) query.set('session_id', session);
  if (question.allowRefunded) query.set('allow_refunded_for_repurchase', 'YES');
  const { status, body } = await actors.readAsStranger(`orders/${actors.orderId(slot)}?${query.toString()}`);
  if (status === 200) {
    const { refunded, refund_pending, refund_amount, refund_taken } = body as JsonObject;
    return { status, refunded, refund_pending, refund_amount, refund_taken };
  }
  if (status === 402) return { status, already_paid: body.already_paid_order_id as unknown };
  return { status, code: body?.code as unknown };
}

/** What this browser session has bought (orders.md 5.8); undefined where the reference leaves it open. */
export function expectedSession(model: Model, actors: Actors, session: Session): Sight | undefined {
  const ours = SLOTS.flatMap((slot) => {
    const order = model.orders[slot];
    return order?.spec.withUrl === true && order.session === session ? [{ slot, order }] : [];
  }).sort((a, b) => b.order.place - a.order.place);
  const price = ({ order }: { order: ModelOrder }): bigint =>
    pricesOf(order.spec)[order.payment?.choice ?? 0] ?? 0n;
  // Orders that are refunded wholly do not count as paid, but what they count as is not said.
  if (ours.some((one) => one.order.payment && granted(one.order) >= price(one))) return undefined;
  const paid = ours.find(({ order }) => order.payment);
  if (paid) return { status: 200, order_id: actors.orderId(paid.slot) };
  const [unpaid] = ours;
  return unpaid ? { status: 202, order_id: actors.orderId(unpaid.slot) } : { status: 404, code: 2038 };
}

export async function seeSession(actors: Actors, session: Session): Promise<Sight> {
  const id = encodeURIComponent(actors.sessionId(session) ?? '');
  const url = encodeURIComponent(actors.fulfillmentUrl);
  const { status, body } = await actors.readAsStranger(`sessions/${id}?fulfillment_url=${url}`);
  return status === 404
    ? { status, code: body?.code as unknown }
    : { status, order_id: body?.order_id as unknown };
}

/** The entries of the list (orders.md 4.2), newest first. */
export function expectedList(model: Model, actors: Actors): Sight[] {
  return SLOTS.flatMap((slot) => {
    const order = model.orders[slot];
    return order ? [{ slot, order }] : [];
  })
    .sort((a, b) => b.order.place - a.order.place)
    .map(({ slot, order }) => {
      const price = pricesOf(order.spec)[order.payment?.choice ?? 0] ?? 0n;
      const isRefundable =
        order.payment !== undefined &&
        order.spec.refundable &&
        !isPastRefundDeadline(model, order) &&
        granted(order) < price;
      return {
        order_id: actors.orderId(slot),
        paid: order.payment !== undefined,
        refundable: isRefundable,
        amount: text(price),
        refund_amount: text(granted(order)),
        pending_refund_amount: text(granted(order) - obtained(order)),
      };
    });
}

export async function seeList(actors: Actors): Promise<Sight[]> {
  const { body } = await actors.readAsShop('private/orders?limit=-2');
  const ours = new Set([actors.orderId('A'), actors.orderId('B')]);
  return (body.orders as Record<string, unknown>[])
    .filter(({ order_id }) => ours.has(String(order_id)))
    .map(({ order_id, paid, refundable, amount, refund_amount, pending_refund_amount }) => ({
      order_id,
      paid,
      refundable,
      amount,
      refund_amount: refund_amount ?? 'KUDOS:0',
      pending_refund_amount: pending_refund_amount ?? 'KUDOS:0',
    }));
}

/** What the exchange must have of the coins. */
export function expectedCoins(model: Model, actors: Actors): string[] {
  return PURSE.map((value, coin) => {
    const deposits = model.exchange
      .filter((deposit) => deposit.coin === coin)
      .map(({ contract, contribution, refunds }) => {
        const hContract = actors.hContractOf(contract) ?? '';
        const lines = refunds.map(({ id, amount }) => ` -${id}:${text(amount)}`).sort();
        return `${hContract.slice(0, 12)} ${text(contribution)}${lines.join('')}`;
      })
      .sort();
    return `c${coin} has ${text(balanceOf(model, coin))} of KUDOS:${value} [${deposits.join('; ')}]`;
  });
}

/** What the exchange holds for orders that are not there any more, whose payments were kept long enough. */
export function heldForDeleted(model: Model): bigint {
  const isPresent = (contract: string): boolean =>
    SLOTS.some((slot) => {
      const order = model.orders[slot];
      return order !== undefined && isOf(contract, slot, order.generation);
    });
  return model.exchange
    .filter(({ contract }) => !isPresent(contract))
    .reduce(
      (sum, { contribution, refunds }) =>
        refunds.reduce((left, { amount }) => left - amount, sum + contribution),
      0n,
    );
}

/** Lines to compare, and what they add up to: deposits less refunds, units. */
export interface Books {
  readonly lines: readonly string[];
  readonly held: bigint;
  /** Refunds that the exchange made although the backend has none confirmed: wallets have shown their permissions. */
  readonly refunded: readonly string[];
}

export function seeCoins(actors: Actors, bookOf: (coinPub: string) => CoinBook | undefined): Books {
  let held = 0n;
  const refunded: string[] = [];
  const lines = actors.coins.map(({ coinPub, value }, coin) => {
    const book = bookOf(coinPub);
    const deposits = (book?.deposits ?? [])
      .map(({ h_contract_terms, contribution, refunds, refund_total }) => {
        held += unitsOf(contribution) - unitsOf(refund_total);
        const parts = refunds.map(({ rtransaction_id, amount }) => ` -${rtransaction_id}:${amount}`).sort();
        for (const { rtransaction_id: id, amount } of refunds) refunded.push(`c${coin} ${id} ${amount}`);
        return `${h_contract_terms.slice(0, 12)} ${contribution}${parts.join('')}`;
      })
      .sort();
    return `c${coin} has ${book?.balance ?? value} of ${value} [${deposits.join('; ')}]`;
  });
  return { lines, held, refunded };
}

/** The backend's own books: deposits, and what of them goes or went back. */
export function expectedRows(model: Model): string[] {
  return SLOTS.flatMap((slot) => {
    const order = model.orders[slot];
    if (!order) return [];
    const deposits = order.deposits.map(
      ({ coin, contribution }) => `${slot} deposit c${coin} ${text(contribution)}`,
    );
    const whole = order.deposits
      .filter(({ back }) => back !== 'no')
      .map(
        ({ coin, contribution, back }) =>
          `${slot} refund c${coin} 0 ${text(contribution)} ${back === 'confirmed'}`,
      );
    const partial = order.refunds.map(
      ({ coin, id, amount, isConfirmed }) => `${slot} refund c${coin} ${id} ${text(amount)} ${isConfirmed}`,
    );
    return [...deposits, ...whole, ...partial];
  }).sort();
}

// By instance first, as the index has it: the tables grow with every history.
const ROWS = `with ours as materialized (
    select orders.serial, order_id from orders join instances on instances.serial = instance_serial
      where instances.id = $3 and order_id in ($1, $2))
  select order_id, 'deposit' as kind, coin_pub, contribution as amount, 0 as id, true as confirmed
    from ours join deposits on order_serial = ours.serial
  union all select order_id, 'refund', coin_pub, amount, rtransaction_id, exchange_sig is not null
    from ours join refunds on order_serial = ours.serial
  union all select order_id, 'attempt', coins_hash, 0, 0, false
    from ours join payment_attempts on order_serial = ours.serial`;

export async function seeRows(actors: Actors, database: Pool): Promise<Books> {
  const { rows } = await database.query<{
    order_id: string;
    kind: string;
    coin_pub: Buffer;
    amount: string;
    id: string;
    confirmed: boolean;
  }>(ROWS, [actors.orderId('A'), actors.orderId('B'), actors.shop.id]);
  let held = 0n;
  const refunded: string[] = [];
  const lines = rows
    .map(({ order_id, kind, coin_pub, amount: units, id, confirmed }) => {
      const slot = order_id.slice(-1);
      if (kind === 'attempt') return `${slot} has an unfinished payment attempt`;
      const coin = actors.coins.findIndex(({ coinPub }) => decodeBase32(coinPub, 32)?.equals(coin_pub));
      const amount = text(BigInt(units));
      if (kind === 'deposit') {
        held += BigInt(units);
        return `${slot} deposit c${coin} ${amount}`;
      }
      if (confirmed) {
        held -= BigInt(units);
        refunded.push(`c${coin} ${id} ${amount}`);
      }
      return `${slot} refund c${coin} ${id} ${amount} ${confirmed}`;
    })
    .sort();
  return { lines, held, refunded };
}

/**
 * Money in = money out + money held: what the exchange holds of the coins of a history is what the books of the backend
 * say, but for the whole coins that wallets took back themselves, with a permission of the backend.
 * @param gone what the exchange holds for orders that were deleted, units
 * @throws Error telling the two sums
 */
export function requireMoneyHeld(backend: Books, exchange: Books, gone: bigint): void {
  const confirmed = [...backend.refunded];
  let takenBack = 0n;
  for (const refund of exchange.refunded) {
    const index = confirmed.indexOf(refund);
    if (index >= 0) confirmed.splice(index, 1);
    // Only whole coins are ever taken back, and those of a deleted order had come back before.
    else if (isStillBooked(backend, refund)) takenBack += unitsOf(refund.split(' ')[2] ?? '');
  }
  if (confirmed.length > 0)
    throw new Error(`confirmed here, unknown at the exchange: ${confirmed.join(', ')}`);
  if (backend.held - takenBack + gone === exchange.held) return;
  throw new Error(
    `the backend holds ${text(backend.held)}, less ${text(takenBack)} that wallets took back, and ${text(gone)} of deleted orders; ` +
      `the exchange holds ${text(exchange.held)}`,
  );
}

/** True if the backend has promised this refund, without a confirmation of the exchange. */
function isStillBooked({ lines }: Books, refund: string): boolean {
  return lines.some((line) => line.endsWith(`refund ${refund} false`));
}

function unitsOf(amount: string): bigint {
  const match = /^KUDOS:(\d+)(?:\.(\d{1,8}))?$/.exec(amount);
  if (!match) throw new Error(`not an amount: ${amount}`);
  return BigInt(match[1] ?? '0') * 100_000_000n + BigInt((match[2] ?? '').padEnd(8, '0'));
}
