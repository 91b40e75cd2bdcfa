import { Injectable } from '@nestjs/common';
import { ExchangeDirectory, normalizeBaseUrl, TrustedExchange } from '../../exchange/exchange-directory';
import { untrustedExchange } from '../../exchange/exchange-errors';
import type { ExchangeKeys } from '../../exchange/exchange-keys';
import { ExchangeKeysCache } from '../../exchange/exchange-keys.cache';
import { unknownAccount } from '../../instances/accounts/account-hash';
import type { BankAccount, Instance } from '../../instances/instance';
import type { Amount } from '../../taler/amount';
import { TalerCode } from '../../taler/error-codes';
import { TalerError } from '../../taler/taler-error';
import { NEVER, Timestamp } from '../../taler/timestamp';
import { authSubject, authTargets } from '../auth-transfer';

/** One way to prove by a wire transfer who owns an account. */
export interface AuthInstruction {
  readonly amount: Amount;
  /** Full payto of the exchange's account. */
  readonly targetPayto: string;
  readonly subject: string;
  readonly expiration: Timestamp;
}

/** `POST private/accounts/$H_WIRE/kycauth` (management.md 6.7): what to wire where. */
@Injectable()
export class GetAuthInstructions {
  constructor(
    private readonly exchanges: ExchangeDirectory,
    private readonly keysCache: ExchangeKeysCache,
  ) {}

  /**
   * @throws TalerError 2022 without an active account of this hash, 2025 for an exchange that is not configured, 2277
   *   when it gives no keys, 2628 when none of its accounts takes a transfer from this one, 2276 when it does not say
   *   how much to wire
   */
  async run(instance: Instance, hWire: Buffer, exchangeUrl: string): Promise<AuthInstruction[]> {
    const account = instance.accounts.find((each) => each.active && each.hWire.equals(hWire));
    if (!account) throw unknownAccount(hWire);
    const exchange = requireTrusted(this.exchanges, exchangeUrl);
    return instructionsFor(instance, account, await this.keysOf(exchange));
  }

  private async keysOf(exchange: TrustedExchange): Promise<ExchangeKeys> {
    try {
      return await this.keysCache.get(exchange);
    } catch (error) {
      if (!(error instanceof TalerError)) throw error;
      throw new TalerError(TalerCode.MERCHANT_POST_ACCOUNTS_KYCAUTH_EXCHANGE_UNREACHABLE, {
        detail: exchange.baseUrl,
        cause: error,
        extra: error.extra,
      });
    }
  }
}

/** @throws TalerError 2025 when the exchange is not configured */
export function requireTrusted(exchanges: ExchangeDirectory, url: string): TrustedExchange {
  const exchange = exchanges.find(url);
  if (!exchange) throw untrustedExchange(normalizeBaseUrl(url) ?? url);
  return exchange;
}

function instructionsFor(instance: Instance, account: BankAccount, keys: ExchangeKeys): AuthInstruction[] {
  const targets = authTargets(keys, account);
  if (targets.length === 0) {
    throw new TalerError(TalerCode.MERCHANT_PRIVATE_ACCOUNT_NOT_ELIGIBLE_FOR_EXCHANGE, {
      detail: account.paytoUri,
    });
  }
  const amount = keys.tinyAmount;
  if (amount === undefined) {
    throw new TalerError(TalerCode.MERCHANT_POST_ACCOUNTS_EXCHANGE_TOO_OLD, {
      detail: keys.exchange.baseUrl,
    });
  }
  // The subject is the key itself and not a short one on loan, so that it never means anybody else.
  const common = { amount, subject: authSubject(instance.merchantPub), expiration: NEVER };
  return targets.map(({ paytoUri }) => ({ ...common, targetPayto: paytoUri }));
}
