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

/** Pay requests of which some outcome is unknown. */
export async function countAttempts(database: TestDatabase): Promise<number> {
  const [row] = await database.query<{ count: string }>('select count(*) from payment_attempts');
  return Number(row?.count);
}

/** To the cent: everything an exchange accepted is recorded, nothing else is, and no request is left half done. */
export async function expectBooksToAgree(
  database: TestDatabase,
  exchanges: readonly SandboxExchange[],
): Promise<void> {
  expect(await linesOfBackend(database)).toEqual(linesOfExchanges(exchanges));
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
