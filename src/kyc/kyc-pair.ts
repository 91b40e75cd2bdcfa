import type { TrustedExchange } from '../exchange/exchange-directory';
import type { ExchangeKeys } from '../exchange/exchange-keys';
import type { BankAccount } from '../instances/instance';
import { normalizePayto } from '../taler/payto';

/** A bank account and an exchange that may wire to it. */
export interface KycPair {
  readonly instanceSerial: bigint;
  readonly merchantPub: Buffer;
  readonly account: BankAccount;
  readonly exchange: TrustedExchange;
}

export function pairKey({ account, exchange }: KycPair): string {
  return pairKeyOf(account.serial, exchange.baseUrl);
}

export function pairKeyOf(accountSerial: bigint, exchangeUrl: string): string {
  return `${accountSerial} ${exchangeUrl}`;
}

/** Whether the exchange wires by the method of the account at all; if not, there is nothing to say of the two. */
export function isRelated(keys: ExchangeKeys, account: BankAccount): boolean {
  return keys.accounts.some(({ wireMethod }) => wireMethod === account.wireMethod);
}

/** Whether the exchange may pay out to this very account. */
export function isSupported(keys: ExchangeKeys, account: BankAccount): boolean {
  return keys.supportsWireMethod(account.wireMethod, normalizePayto(account.paytoUri));
}
