import type { SandboxExchange } from '../../../../sandbox/exchange/exchange-server';
import { formatAmount, sumAmounts, amountOf } from '../../../../src/taler/amount';
import { encodeBase32 } from '../../../../src/taler/base32';
import type { TestDatabase } from '../../../support/database';
import type { Customer } from './customer';
import { money } from './purse';

/** One coin in one contract, as text that two books can be compared by. */
type Line = string;

/** What the exchanges hold for contracts of the backend: the truth about the money. */
export function linesOfExchanges(exchanges: readonly SandboxExchange[]): Line[] {
  return exchanges
    .flatMap(({ baseUrl, books }) =>
      books().coins.flatMap((coin) =>
        coin.deposits.map(
          (deposit) => `${baseUrl} ${deposit.h_contract_terms} ${coin.coin_pub} ${deposit.contribution}`,
        ),
      ),
    )
    .sort();
}

/** What the backend has recorded. */
export async function linesOfBackend(database: TestDatabase): Promise<Line[]> {
  const rows = await database.query<{
    exchange_url: string;
    h_contract: Buffer;
    coin_pub: Buffer;
    currency: string;
    contribution: string;
  }>(
    `select deposits.exchange_url, h_contract, coin_pub, deposits.currency, contribution
     from deposits join orders on orders.serial = deposits.order_serial`,
  );
  return rows
    .map(({ exchange_url, h_contract, coin_pub, currency, contribution }) => {
      const amount = formatAmount(amountOf(currency, BigInt(contribution)));
      return `${exchange_url} ${encodeBase32(h_contract)} ${encodeBase32(coin_pub)} ${amount}`;
    })
    .sort();
}

/** Every refund that the exchanges have made for contracts of the backend. */
export function refundsOfExchanges(exchanges: readonly SandboxExchange[]): Line[] {
  return exchanges
    .flatMap(({ baseUrl, books }) =>
      books().coins.flatMap(({ coin_pub, deposits }) =>
        deposits.flatMap(({ h_contract_terms, refunds }) =>
          refunds.map(
            ({ rtransaction_id, amount }) =>
              `${baseUrl} ${h_contract_terms} ${coin_pub} ${rtransaction_id} ${amount}`,
          ),
        ),
      ),
    )
    .sort();
}

/** The refunds that the backend has granted: those with the exchange's confirmation, and those without. */
export async function refundsOfBackend(
  database: TestDatabase,
): Promise<{ confirmed: Line[]; open: Line[]; permissions: Line[] }> {
  const rows = await database.query<{
    exchange_url: string;
    h_contract: Buffer;
    coin_pub: Buffer;
    rtransaction_id: string;
    currency: string;
    amount: string;
    is_confirmed: boolean;
    is_permission: boolean;
  }>(
    `select deposits.exchange_url, h_contract, refunds.coin_pub, rtransaction_id, refunds.currency, refunds.amount,
       refunds.exchange_sig is not null as is_confirmed, rtransaction_id = 0 and paid_us is not null as is_permission
     from refunds join orders on orders.serial = refunds.order_serial
       join deposits on deposits.order_serial = refunds.order_serial and deposits.coin_pub = refunds.coin_pub`,
  );
  const lines = rows.map((row) => {
    const amount = formatAmount(amountOf(row.currency, BigInt(row.amount)));
    const contract = `${row.exchange_url} ${encodeBase32(row.h_contract)}`;
    return { ...row, line: `${contract} ${encodeBase32(row.coin_pub)} ${row.rtransaction_id} ${amount}` };
  });
  const linesOf = (wanted: (row: (typeof lines)[number]) => boolean) =>
    lines
      .filter(wanted)
      .map(({ line }) => line)
      .sort();
  return {
    confirmed: linesOf((row) => row.is_confirmed),
    open: linesOf((row) => !row.is_confirmed),
    permissions: linesOf((row) => row.is_permission && !row.is_confirmed),
  };
}

/** The totals of refunds in `orders` are the sums of the refunds; not so where a test has written totals by hand. */
export async function expectRefundTotalsToAgree(database: TestDatabase): Promise<void> {
  const broken = await database.query<object>(
    `select order_id, refund_granted, refund_obtained, granted, obtained from orders, lateral (
       select coalesce(sum(amount), 0) as granted,
         coalesce(sum(amount) filter (where exchange_sig is not null), 0) as obtained
       from refunds where order_serial = orders.serial and rtransaction_id > 0) as sums
     where granted <> refund_granted or obtained <> refund_obtained`,
  );
  expect(broken).toEqual([]);
}

/**
 * Deposits of contracts that the backend has let go of after the exchange had given the whole coin back: by unclaim and
 * by deletion. What is left of them at the exchange is nothing.
 */
async function forgottenContracts(
  database: TestDatabase,
  exchanges: readonly SandboxExchange[],
): Promise<(line: Line) => boolean> {
  const rows = await database.query<{ h_contract: Buffer }>(
    'select h_contract from orders where h_contract is not null',
  );
  const known = new Set(rows.map(({ h_contract }) => encodeBase32(h_contract)));
  const forgotten = new Set(
    exchanges.flatMap(({ books }) =>
      books().coins.flatMap(({ coin_pub, deposits }) =>
        deposits
          .filter(({ h_contract_terms, contribution, refunds: [refund, ...more] }) => {
            const isWhole =
              refund?.rtransaction_id === 0 && refund.amount === contribution && more.length === 0;
            return isWhole && !known.has(h_contract_terms);
          })
          .map(({ h_contract_terms }) => `${h_contract_terms} ${coin_pub}`),
      ),
    ),
  );
  return (line) => forgotten.has(line.split(' ').slice(1, 3).join(' '));
}

/** Pay requests of which some outcome is unknown. */
export async function countAttempts(database: TestDatabase): Promise<number> {
  const [row] = await database.query<{ count: string }>('select count(*) from payment_attempts');
  return Number(row?.count);
}

/**
 * To the cent: everything an exchange accepted or gave back is recorded, nothing else is, and no request is left half
 * done. A wallet that was permitted to take an excess coin back (409 code 2160) tells us nothing, whether it did or not.
 */
export async function expectBooksToAgree(
  database: TestDatabase,
  exchanges: readonly SandboxExchange[],
): Promise<void> {
  const isForgotten = await forgottenContracts(database, exchanges);
  const theirs = (lines: readonly Line[]) => lines.filter((line) => !isForgotten(line));
  expect(await linesOfBackend(database)).toEqual(theirs(linesOfExchanges(exchanges)));
  const { confirmed, permissions } = await refundsOfBackend(database);
  const refunded = theirs(refundsOfExchanges(exchanges)).filter((line) => !permissions.includes(line));
  expect(confirmed).toEqual(refunded);
  expect(await countAttempts(database)).toBe(0);
}

/** What an exchange holds for one contract. */
export function depositedFor(customer: Customer, ...exchanges: readonly SandboxExchange[]): string {
  const hContract = encodeBase32(customer.hContract);
  const contributions = exchanges.flatMap(({ books }) =>
    books().coins.flatMap((coin) =>
      coin.deposits
        .filter((deposit) => deposit.h_contract_terms === hContract)
        .map((deposit) => money(deposit.contribution)),
    ),
  );
  return formatAmount(sumAmounts('KUDOS', contributions));
}

/** What an exchange has given back of the coins of one contract, refund fees included. */
export function refundedFor(customer: Customer, ...exchanges: readonly SandboxExchange[]): string {
  const hContract = encodeBase32(customer.hContract);
  const totals = exchanges.flatMap(({ books }) =>
    books().coins.flatMap((coin) =>
      coin.deposits
        .filter((deposit) => deposit.h_contract_terms === hContract)
        .map((deposit) => money(deposit.refund_total)),
    ),
  );
  return formatAmount(sumAmounts('KUDOS', totals));
}
