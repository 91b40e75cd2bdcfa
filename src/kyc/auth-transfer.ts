import { allowsAccount } from '../exchange/account-restrictions';
import type { ExchangeAccount, ExchangeKeys } from '../exchange/exchange-keys';
import { formatAmount } from '../taler/amount';
import { encodeBase32 } from '../taler/base32';
import { normalizePayto } from '../taler/payto';
import type { BankAccount } from '../instances/instance';

/** The subject of a KYC auth transfer (exchange.md 7). @param merchantPub 32 bytes */
export function authSubject(merchantPub: Buffer): string {
  return `KYC:${encodeBase32(merchantPub)}`;
}

/**
 * The bank accounts of the exchange that a KYC auth transfer from ours can go to: same wire method, and the credit
 * restrictions let it pass (exchange.md 2). The preferred ones first.
 */
export function authTargets(keys: ExchangeKeys, account: BankAccount): ExchangeAccount[] {
  const normalized = normalizePayto(account.paytoUri);
  return keys.accounts
    .filter(
      ({ wireMethod, creditRestrictions }) =>
        wireMethod === account.wireMethod && allowsAccount(creditRestrictions, normalized),
    )
    .sort((a, b) => b.priority - a.priority);
}

/** `payto_kycauths` (management.md 7): each of these transfers would authenticate the account. */
export function authPaytos(keys: ExchangeKeys, account: BankAccount, merchantPub: Buffer): string[] {
  const { tinyAmount } = keys;
  // Exchanges without tiny_amount do not say what the least is, so the amount is left to whoever pays.
  const amount = tinyAmount === undefined ? '' : `amount=${formatAmount(tinyAmount)}&`;
  const query = `${amount}message=${authSubject(merchantPub)}`;
  return authTargets(keys, account).map(
    ({ paytoUri }) => `${paytoUri}${paytoUri.includes('?') ? '&' : '?'}${query}`,
  );
}
