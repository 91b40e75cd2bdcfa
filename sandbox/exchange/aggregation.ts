import { randomBytes } from 'node:crypto';
import { encodeBase32 } from '../../src/taler/base32';
import { parsePayto } from '../../src/taler/payto';
import { type Exchange, topics } from './exchange';
import { EXCHANGE_ACCOUNTS, smallAmount } from './keys-document';
import { transferNeedsKyc } from './kyc-rules';
import { payable } from './money';
import type { Deposit, Payee } from './records';

const WTID_BYTES = 32;

/**
 * Wires everything that is due: for each merchant key and bank account one transfer with all deposits whose wire
 * deadline has come.
 *
 * @returns the identifiers of the transfers made, base32
 */
export function wireDueDeposits(exchange: Exchange): string[] {
  const now = exchange.clock.now();
  const made: string[] = [];
  for (const payee of exchange.ledger.payees.values()) {
    const due = [...payee.pending].filter((deposit) => deposit.contract.wireDeadline <= now);
    const wtid = due.length === 0 ? undefined : wire(exchange, payee, due);
    if (wtid !== undefined) made.push(wtid);
  }
  if (made.length > 0) exchange.waiters.wake(topics.bank);
  return made;
}

function wire(exchange: Exchange, payee: Payee, due: readonly Deposit[]): string | undefined {
  // Deposits for an account we cannot pay to are accepted (recording 049) and never wired.
  const method = parsePayto(payee.payto)?.method;
  const account = EXCHANGE_ACCOUNTS.find((candidate) => candidate.method === method);
  if (account === undefined) return undefined;
  const wireFee = smallAmount(exchange.currency).units;
  const smallest = wireFee;
  let total = -wireFee;
  for (const deposit of due) {
    const { value, fee } = payable(deposit);
    total += value - fee;
  }
  // What is not worth a transfer waits until more comes for the same account.
  if (total < smallest) return undefined;
  if (transferNeedsKyc(exchange, payee.account, total)) return undefined;
  const wtid = encodeBase32(randomBytes(WTID_BYTES));
  exchange.record({
    event: 'transfer-wired',
    wtid,
    merchantPub: payee.merchantPub,
    payto: payee.payto,
    debitAccount: account.payto,
    wireFee: String(wireFee),
    deposits: due.map((deposit) => ({ coinPub: deposit.coin.pub, hContract: deposit.contract.hContract })),
    time: String(exchange.clock.now()),
  });
  for (const contract of new Set(due.map((deposit) => deposit.contract))) {
    exchange.waiters.wake(topics.contract(payee.merchantPub, contract.hContract));
  }
  return wtid;
}
