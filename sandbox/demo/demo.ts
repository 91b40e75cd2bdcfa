import { randomBytes } from 'node:crypto';
import { encodeBase32 } from '../../src/taler/base32';
import { formatAmount } from '../../src/taler/amount';
import { parseBaseUrl } from '../wallet/base-url';
import { countCoins } from '../wallet/history';
import type { HttpRecord } from '../wallet/http-client';
import { Wallet } from '../wallet/wallet';
import { WalletError } from '../wallet/wallet-error';
import { type Output, Printer } from './printer';
import { collectRefund, refundPart } from './refund-steps';
import { Shop } from './shop';
import { DemoFailure, expect, requireMember, requireText, type Step, type Story } from './story';

export interface DemoOptions {
  /** Base URL of the merchant instance. */
  readonly merchantUrl: string;
  /** Bearer token with the right to write orders, as it goes into the header. */
  readonly token: string;
  /** An exchange whose bank hands out play money, and that the merchant accepts. */
  readonly exchangeUrl: string;
  readonly output: Output;
}

const WITHDRAWAL = '20';
const PRICE = '5';
/** A day in which the customer may count on refunds. */
const REFUND_DELAY_US = 86_400_000_000;
const ALREADY_CLAIMED = 2301;

/**
 * The whole story of one sale, against a running merchant and sandbox exchange: every step prints what it sends and
 * gets, and checks it.
 *
 * @returns true if every step came out as it should
 */
export async function runDemo(options: DemoOptions): Promise<boolean> {
  const printer = new Printer(options.output);
  const story = await openStory(options, printer);
  try {
    for (const step of STEPS) {
      printer.heading(step.title);
      if (!(await runStep(step, story))) return false;
    }
    printer.line(`\nAll ${STEPS.length} steps came out as they should.`);
    return true;
  } finally {
    story.stop.abort();
    await Promise.all([story.customer.close(), story.stranger.close(), story.shop.close()]);
  }
}

async function openStory({ merchantUrl, token, exchangeUrl }: DemoOptions, printer: Printer): Promise<Story> {
  const tell = (who: string) => (record: HttpRecord) => printer.exchange(who, record);
  const neverStarted = Promise.resolve({ error: new DemoFailure('the long poll was never started') });
  return {
    printer,
    shop: new Shop(parseBaseUrl(merchantUrl), token, tell('shop')),
    customer: await Wallet.open({ onHttp: tell('customer') }),
    stranger: await Wallet.open({ onHttp: tell('stranger') }),
    exchangeUrl: parseBaseUrl(exchangeUrl),
    session: `session-${encodeBase32(randomBytes(5))}`,
    otherSession: `session-${encodeBase32(randomBytes(5))}`,
    stop: new AbortController(),
    orderId: '',
    refundUri: '',
    payUri: '',
    firstContract: '',
    longPoll: neverStarted,
    longPollEnded: false,
    longPollStartedMs: 0,
    paidMs: 0,
  };
}

async function runStep(step: Step, story: Story): Promise<boolean> {
  try {
    await step.run(story);
    return true;
  } catch (error) {
    if (!(error instanceof DemoFailure) && !(error instanceof WalletError)) throw error;
    story.printer.failure(`FAILED at step "${step.title}": ${error.message}`);
    return false;
  }
}

const STEPS: readonly Step[] = [
  { title: 'The customer withdraws coins from the exchange', run: withdraw },
  { title: 'The shop creates an order and shows its pay URI', run: createOrder },
  { title: 'The shop waits for the payment (long poll in the background)', run: startLongPoll },
  { title: 'The customer claims the order and checks the signed contract', run: claim },
  { title: 'A second wallet cannot claim the same order', run: claimAsStranger },
  { title: 'The customer changes their mind and gives the order free', run: unclaim },
  { title: 'The customer claims the order again: a new nonce, a new contract', run: claimAgain },
  { title: 'The customer pays', run: pay },
  { title: "The payment releases the shop's long poll", run: endLongPoll },
  { title: 'The order is paid, for the shop and for the public', run: showPaid },
  { title: 'The wallet proves the payment for another browser session', run: proveForOtherSession },
  { title: 'A frontend of 2020 asks with the legacy poll-payment', run: legacyPoll },
  { title: 'The shop gives a part of the money back', run: refundPart },
  { title: 'The customer collects the refund', run: collectRefund },
];

async function withdraw({ customer, exchangeUrl, printer }: Story): Promise<void> {
  const { currency } = await customer.exchangeKeys(exchangeUrl);
  const done = await customer.withdraw({ exchangeBaseUrl: exchangeUrl, amount: `${currency}:${WITHDRAWAL}` });
  const [balance] = customer.balance();
  if (balance === undefined || balance.available.units === 0n)
    throw new DemoFailure('the wallet is still empty');
  printer.success(
    `${countCoins(done.coinCount)}, each signed blindly and verified; ${formatAmount(balance.available)} to spend`,
  );
}

async function createOrder(story: Story): Promise<void> {
  const { shop, printer, customer, session } = story;
  const currency = customer.balance()[0]?.currency ?? '';
  const order = {
    amount: `${currency}:${PRICE}`,
    summary: 'One crate of apples',
    fulfillment_url: 'https://shop.example/orders/${ORDER_ID}',
  };
  const created = await shop.createOrder({
    order,
    session_id: session,
    refund_delay: { d_us: REFUND_DELAY_US },
  });
  story.orderId = requireText(created, 200, 'order_id');
  requireText(created, 200, 'token');
  const status = await shop.orderStatus(story.orderId, session);
  requireMember(status, 'order_status', 'unpaid');
  story.payUri = requireText(status, 200, 'taler_pay_uri');
  printer.success(`order ${story.orderId}, to be paid at ${story.payUri}`);
}

async function startLongPoll(story: Story): Promise<void> {
  const { shop, printer, orderId, session, stop } = story;
  story.longPollStartedMs = performance.now();
  // Both outcomes are values, so that a failing step before the end leaves no unhandled rejection.
  story.longPoll = shop.waitUntilPaid(orderId, session, stop.signal).then(
    (answer) => {
      story.longPollEnded = true;
      return { answer, endedMs: performance.now() };
    },
    (error: unknown) => ({ error }),
  );
  printer.success('the request is out; its answer appears below, in the moment it comes');
  await Promise.resolve();
}

async function claim(story: Story): Promise<void> {
  const { customer, payUri, orderId, printer } = story;
  const { contract, hContract } = await customer.claim(payUri);
  expect(contract.orderId === orderId, `the contract is for order ${contract.orderId}`);
  story.firstContract = encodeBase32(hContract);
  printer.success('signature, base URL, order id and nonce of the contract are right');
}

async function claimAsStranger({ stranger, payUri, printer }: Story): Promise<void> {
  const error = await failureOf(stranger.claim(payUri));
  expect(error.status === 409, `expected 409, got ${error.status ?? 'no status'}`);
  expect(error.code === ALREADY_CLAIMED, `expected code ${ALREADY_CLAIMED}, got ${error.code ?? 'none'}`);
  printer.success('409, code 2301: the order belongs to the first wallet');
}

async function unclaim({ customer, payUri, printer }: Story): Promise<void> {
  const outcome = await customer.unclaim(payUri);
  expect(outcome === 'released', 'the order was not claimed by us any more');
  printer.success('204: signed with the private half of the nonce, so nobody else could have done it');
}

async function claimAgain(story: Story): Promise<void> {
  const { customer, payUri, firstContract, printer } = story;
  const { hContract } = await customer.claim(payUri);
  expect(encodeBase32(hContract) !== firstContract, 'the contract hash did not change');
  printer.success('the hash differs from the first contract: what was signed for that one is void');
}

async function pay(story: Story): Promise<void> {
  const { customer, payUri, session, printer } = story;
  expect(!story.longPollEnded, 'the long poll came back before the payment');
  const outcome = await customer.pay(payUri, { sessionId: session });
  story.paidMs = performance.now();
  if (outcome.kind !== 'paid') throw new DemoFailure(`expected a payment, got "${outcome.kind}"`);
  const { coins, total, fees } = outcome.payment;
  const cost = `${formatAmount(total)} with ${countCoins(coins.length)}, deposit fees ${formatAmount(fees)}`;
  printer.success(`${cost}; the receipt is signed by the merchant`);
}

async function endLongPoll(story: Story): Promise<void> {
  const ended = await story.longPoll;
  if ('error' in ended) throw new DemoFailure(`the long poll failed: ${String(ended.error)}`);
  requireMember(ended.answer, 'order_status', 'paid');
  const waitedMs = (ended.endedMs - story.longPollStartedMs).toFixed(0);
  const afterMs = (ended.endedMs - story.paidMs).toFixed(1);
  story.printer.success(`answered after ${waitedMs} ms, ${afterMs} ms from the wallet's receipt: "paid"`);
}

async function showPaid({ shop, customer, orderId, payUri, session, printer }: Story): Promise<void> {
  requireMember(await shop.orderStatus(orderId, session), 'order_status', 'paid');
  const status = await customer.status(Wallet.keyOf(payUri), { sessionId: session });
  if (status.kind !== 'paid') throw new DemoFailure(`the public status is "${status.kind}"`);
  printer.success(`paid; the customer goes on to ${status.fulfillmentUrl ?? 'nowhere'}`);
}

async function proveForOtherSession(story: Story): Promise<void> {
  const { shop, customer, orderId, payUri, session, otherSession, printer } = story;
  const { refunded } = await customer.provePaid(Wallet.keyOf(payUri), otherSession);
  expect(!refunded, 'the order is refunded');
  requireMember(await shop.orderStatus(orderId, otherSession), 'order_status', 'paid');
  requireMember(await shop.orderStatus(orderId, session), 'order_status', 'claimed');
  printer.success('the purchase has moved to the other session, without coins');
}

async function legacyPoll({ shop, customer, orderId, payUri, otherSession, printer }: Story): Promise<void> {
  const { hContract } = customer.order(Wallet.keyOf(payUri));
  const query = { orderId, hContract: encodeBase32(hContract), sessionId: otherSession };
  requireMember(await shop.legacyPoll(query), 'paid', true);
  printer.success('paid: true');
}

async function failureOf(promise: Promise<unknown>): Promise<WalletError> {
  try {
    await promise;
  } catch (error) {
    if (error instanceof WalletError) return error;
    throw error;
  }
  throw new DemoFailure('it was accepted');
}
