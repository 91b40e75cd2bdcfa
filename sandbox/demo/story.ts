import type { Wallet } from '../wallet/wallet';
import type { Printer } from './printer';
import type { Shop, ShopAnswer } from './shop';

/** A step that did not show what it should have shown. */
export class DemoFailure extends Error {}

/** Everything that the steps share. */
export interface Story {
  readonly printer: Printer;
  readonly shop: Shop;
  readonly customer: Wallet;
  readonly stranger: Wallet;
  readonly exchangeUrl: string;
  readonly session: string;
  readonly otherSession: string;
  readonly stop: AbortController;
  orderId: string;
  refundUri: string;
  payUri: string;
  firstContract: string;
  longPoll: Promise<{ answer: ShopAnswer; endedMs: number } | { error: unknown }>;
  longPollEnded: boolean;
  longPollStartedMs: number;
  paidMs: number;
}

export interface Step {
  readonly title: string;
  readonly run: (story: Story) => Promise<void>;
}

/** @throws DemoFailure */
export function expect(condition: boolean, otherwise: string): void {
  if (!condition) throw new DemoFailure(otherwise);
}

/** A text of an answer with this status. @throws DemoFailure */
export function requireText(answer: ShopAnswer, status: number, name: string): string {
  expect(answer.status === status, `expected ${status}, got ${answer.status}`);
  const value = answer.body[name];
  if (typeof value !== 'string') throw new DemoFailure(`the answer has no ${name}`);
  return value;
}

/** A member of an answer with status 200. @throws DemoFailure */
export function requireMember(answer: ShopAnswer, name: string, value: string | boolean): void {
  expect(answer.status === 200, `expected 200, got ${answer.status}`);
  const found = answer.body[name];
  expect(found === value, `expected ${name} ${JSON.stringify(value)}, got ${JSON.stringify(found)}`);
}
