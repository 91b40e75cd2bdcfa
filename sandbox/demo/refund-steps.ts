import { formatAmount } from '../../src/taler/amount';
import { Wallet } from '../wallet/wallet';
import { DemoFailure, expect, requireMember, requireText, type Story } from './story';

/** Less than the price; the exchange keeps a refund fee of it. */
const REFUND = '2';

/** The shop promises money back; no exchange has heard of it yet. */
export async function refundPart(story: Story): Promise<void> {
  const { shop, customer, orderId, printer, otherSession } = story;
  const refund = `${customer.balance()[0]?.currency ?? ''}:${REFUND}`;
  const granted = await shop.refund(orderId, { refund, reason: 'a bruised apple' });
  story.refundUri = requireText(granted, 200, 'taler_refund_uri');
  const status = await shop.orderStatus(orderId, otherSession);
  requireMember(status, 'refunded', true);
  requireMember(status, 'refund_pending', true);
  requireMember(status, 'refund_amount', refund);
  printer.success(`${refund} promised; the customer gets ${story.refundUri}`);
}

/** The wallet has the merchant fetch the exchange's confirmation, checks it, and has the money in its coins again. */
export async function collectRefund(story: Story): Promise<void> {
  const { shop, customer, orderId, printer, otherSession, refundUri } = story;
  const key = Wallet.keyOf(refundUri);
  const before = customer.balance()[0]?.available.units ?? 0n;
  const { gained, missing } = await customer.collectRefunds(key);
  if (gained === undefined || missing.length > 0) throw new DemoFailure('the refund did not come');
  const after = customer.balance()[0]?.available.units ?? 0n;
  expect(after - before === gained.units, 'the balance did not grow by the refund');
  requireMember(await shop.orderStatus(orderId, otherSession), 'refund_pending', false);
  printer.success(`${formatAmount(gained)} is back, confirmed by the exchange, which keeps its refund fee`);
}
