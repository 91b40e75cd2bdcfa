import { randomBytes } from 'node:crypto';
import { formatAmount } from '../../src/taler/amount';
import { encodeBase32 } from '../../src/taler/base32';
import { TalerCode } from '../../src/taler/error-codes';
import type { JsonObject } from '../../src/taler/json';
import { timestampToJson } from '../../src/taler/timestamp';
import { type Exchange, topics } from './exchange';
import { FieldReader } from './fields';
import type { ExchangeRequest, Reply } from './http-types';
import { EXCHANGE_ACCOUNTS } from './keys-document';
import { queryInteger, queryTimeout } from './parameters';
import type { BankRow } from './records';
import { Refusal } from './refusal';

const KEY_BYTES = 32;
const TOKEN_BYTES = 32;
const DEFAULT_ROWS = -20;
const MAX_ROWS = 1024;

/** The exchange's account at this bank; transfers from and to its IBAN account show up here as well. */
const EXCHANGE_ACCOUNT_NAME = 'Exchange';

/** POST bank/accounts/Exchange/taler-wire-gateway/admin/add-incoming: fills a reserve (recording 011). */
export function addIncoming(exchange: Exchange, request: ExchangeRequest): Reply {
  const fields = incomingFields(exchange, request);
  const amount = fields.amount('amount');
  const reservePub = encodeBase32(fields.bytes('reserve_pub', KEY_BYTES));
  const debitAccount = fields.payto('debit_account');
  const time = exchange.clock.now();
  const rowId = exchange.ledger.bankRows.length + 1;
  exchange.record({
    event: 'reserve-credited',
    reservePub,
    amount: String(amount.units),
    debitAccount,
    time: String(time),
  });
  exchange.waiters.wake(topics.reserve(reservePub));
  exchange.waiters.wake(topics.bank);
  return { status: 200, body: { row_id: rowId, timestamp: timestampToJson(time) } };
}

/** POST .../admin/add-kycauth: the merchant proves with a transfer whose the account is (recording 205). */
export function addKycAuth(exchange: Exchange, request: ExchangeRequest): Reply {
  const fields = incomingFields(exchange, request);
  const amount = fields.amount('amount');
  const accountPub = encodeBase32(fields.bytes('account_pub', KEY_BYTES));
  const debitAccount = fields.payto('debit_account');
  const time = exchange.clock.now();
  const rowId = exchange.ledger.bankRows.length + 1;
  exchange.record({
    event: 'kyc-auth-received',
    accountPub,
    amount: String(amount.units),
    debitAccount,
    accessToken: encodeBase32(randomBytes(TOKEN_BYTES)),
    time: String(time),
  });
  exchange.waiters.wakeAll();
  return { status: 200, body: { row_id: rowId, timestamp: timestampToJson(time) } };
}

function incomingFields(exchange: Exchange, request: ExchangeRequest): FieldReader {
  requireExchangeAccount(request);
  return new FieldReader(request.body, exchange.currency);
}

function requireExchangeAccount(request: ExchangeRequest): void {
  if (request.parameters[0] !== EXCHANGE_ACCOUNT_NAME) throw new Refusal(TalerCode.BANK_UNKNOWN_ACCOUNT);
}

/** GET .../taler-wire-gateway/config and .../taler-revenue/config. */
export function bankConfig(name: 'taler-revenue' | 'taler-wire-gateway') {
  return (exchange: Exchange): Reply => ({
    status: 200,
    body: {
      version: '0:0:0',
      currency: exchange.currency,
      implementation: 'urn:net:taler:specs:bank:fakebank',
      name,
    },
  });
}

/** GET .../taler-wire-gateway/history/outgoing (recording 121). */
export async function outgoingHistory(exchange: Exchange, request: ExchangeRequest): Promise<Reply> {
  requireExchangeAccount(request);
  const rows = await selectRows(exchange, request, (row) => row.kind === 'wired');
  if (rows.length === 0) return { status: 204 };
  const transactions = rows.flatMap((row) => (row.kind === 'wired' ? [outgoingRow(exchange, row)] : []));
  return {
    status: 200,
    body: { debit_account: EXCHANGE_ACCOUNTS[0].payto, outgoing_transactions: transactions },
  };
}

/** GET .../taler-wire-gateway/history/incoming: reserves and KYC auth transfers. */
export async function incomingHistory(exchange: Exchange, request: ExchangeRequest): Promise<Reply> {
  requireExchangeAccount(request);
  const rows = await selectRows(exchange, request, (row) => row.kind !== 'wired');
  if (rows.length === 0) return { status: 204 };
  const transactions = rows.flatMap((row) => (row.kind === 'wired' ? [] : [incomingRow(exchange, row)]));
  return {
    status: 200,
    body: { credit_account: EXCHANGE_ACCOUNTS[0].payto, incoming_transactions: transactions },
  };
}

/**
 * GET bank/accounts/$NAME/taler-revenue/history: what a merchant account received (exchange.md 10, recording
 * 120). The name is the last part of the payto: the account at x-taler-bank, or the IBAN.
 */
export async function revenueHistory(exchange: Exchange, request: ExchangeRequest): Promise<Reply> {
  const name = decodeURIComponent(request.parameters[0] ?? '');
  const isCreditOfName = (row: BankRow): boolean =>
    row.kind === 'wired' && accountName(row.transfer.payee.payto) === name;
  const rows = await selectRows(exchange, request, isCreditOfName);
  const credits = rows.flatMap((row) => (row.kind === 'wired' ? [row] : []));
  const newest = credits[0];
  if (newest === undefined) return { status: 204 };
  return {
    status: 200,
    body: {
      credit_account: newest.transfer.payee.payto,
      incoming_transactions: credits.map((row) => ({
        type: 'RESERVE',
        row_id: row.rowId,
        date: timestampToJson(row.time),
        amount: exchange.text(row.transfer.total),
        debit_account: row.transfer.debitAccount,
        subject: `${row.transfer.wtid} ${exchange.baseUrl}`,
      })),
    },
  };
}

function accountName(payto: string): string | undefined {
  return payto.split('?')[0]?.split('/').at(-1);
}

function outgoingRow(exchange: Exchange, row: BankRow & { kind: 'wired' }): JsonObject {
  return {
    row_id: row.rowId,
    date: timestampToJson(row.time),
    amount: exchange.text(row.transfer.total),
    credit_account: row.transfer.payee.payto,
    exchange_base_url: exchange.baseUrl,
    wtid: row.transfer.wtid,
  };
}

function incomingRow(exchange: Exchange, row: BankRow & { kind: 'reserve' | 'kyc-auth' }): JsonObject {
  return {
    type: row.kind === 'reserve' ? 'RESERVE' : 'KYCAUTH',
    row_id: row.rowId,
    date: timestampToJson(row.time),
    amount: formatAmount(exchange.amount(row.amount)),
    debit_account: row.debitAccount,
    ...(row.kind === 'reserve' ? { reserve_pub: row.pub } : { account_pub: row.pub }),
  };
}

/**
 * Old and new names of the parameters (exchange.md 10): `delta`/`limit` counts rows, negative ones newest first;
 * `start`/`offset` is the row after (or before) which to look; `long_poll_ms`/`timeout_ms` waits for a first row.
 */
function selectRows(
  exchange: Exchange,
  request: ExchangeRequest,
  matches: (row: BankRow) => boolean,
): Promise<readonly BankRow[]> {
  const delta = queryInteger(request, 'limit') ?? queryInteger(request, 'delta') ?? DEFAULT_ROWS;
  const count = Math.min(Math.abs(delta), MAX_ROWS);
  const start = queryInteger(request, 'offset') ?? queryInteger(request, 'start');
  const timeoutMs = Math.max(queryTimeout(request), queryTimeout(request, 'long_poll_ms'));
  const look = (): readonly BankRow[] => {
    if (count === 0) return [];
    const rows = exchange.ledger.bankRows.filter(matches);
    if (delta > 0) return rows.filter((row) => row.rowId > (start ?? 0)).slice(0, count);
    return rows
      .filter((row) => start === undefined || row.rowId < start)
      .slice(-count)
      .reverse();
  };
  return exchange.waiters.until({
    topic: topics.bank,
    timeoutMs,
    gone: request.gone,
    look,
    isFinal: (rows) => rows.length > 0,
  });
}
