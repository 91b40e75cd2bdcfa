import { Injectable } from '@nestjs/common';
import type { ExchangeKeys } from '../exchange/exchange-keys';
import { ExchangeKeysCache, UsableExchanges } from '../exchange/exchange-keys.cache';
import { ExchangeDirectory } from '../exchange/exchange-directory';
import type { BankAccount, Instance } from '../instances/instance';
import { Amount, amountOf, compareAmounts, maxAmount, subtractAmounts, zeroAmount } from '../taler/amount';
import { TalerCode } from '../taler/error-codes';
import { normalizePayto } from '../taler/payto';
import { grossFromNet } from '../taler/stefan';
import { TalerError } from '../taler/taler-error';
import type { Timestamp } from '../taler/timestamp';
import type { ContractExchange } from './contract-builder';

/** Hard limits that bound one payment (exchange.md 2). */
const PAYMENT_LIMITS = ['DEPOSIT', 'TRANSACTION'];

export interface PaymentTerms {
  readonly account: BankAccount;
  readonly exchanges: readonly ContractExchange[];
  /** What the instance pays of the fees of each amount where the order does not say (orders.md 8.4). */
  readonly defaultMaxFees: readonly Amount[];
}

/** Decides to which account an order is paid and through which exchanges (orders.md 8.4). */
@Injectable()
export class ChoosePaymentTerms {
  constructor(
    private readonly keys: ExchangeKeysCache,
    private readonly directory: ExchangeDirectory,
  ) {}

  /**
   * Each choice of an order can be paid to the one account of the contract. A choice above the limits of the exchanges
   * stays, as wallets tell choices by their index, if some other one can be paid.
   * @param order.amounts of its choices, or its one amount
   * @param order.paymentTarget wire method asked for, any case
   * @throws TalerError 2500 without a fitting active account, 2514 without an exchange for one of the currencies, 2509
   *   when none of them can pay out to the account, 2513 when all of them refuse all amounts
   */
  async run(
    instance: Instance,
    order: { amounts: readonly Amount[]; paymentTarget: string | undefined; now: Timestamp },
  ): Promise<PaymentTerms> {
    const wanted = order.paymentTarget?.toLowerCase();
    const accounts = instance.accounts.filter(
      (account) => account.active && (wanted === undefined || account.wireMethod === wanted),
    );
    if (accounts.length === 0) {
      throw new TalerError(TalerCode.MERCHANT_PRIVATE_POST_ORDERS_INSTANCE_CONFIGURATION_LACKS_WIRE, {
        detail: order.paymentTarget,
      });
    }
    const currencies = [...new Set(order.amounts.map(({ currency }) => currency))];
    this.requireOffered(currencies);
    const available = await Promise.all(currencies.map((currency) => this.keys.usableNow(currency)));
    for (const account of accounts) {
      const supporting = available.map(({ usable }) =>
        usable.filter((keys) => supports(keys, account, order.now)),
      );
      if (supporting.every((exchanges) => exchanges.length > 0))
        return termsOf(instance, account, supporting.flat(), order.amounts);
    }
    throw noExchange(available);
  }

  private requireOffered(currencies: readonly string[]): void {
    const offered = new Set(this.directory.list().map(({ currency }) => currency));
    const unknown = currencies.find((currency) => !offered.has(currency));
    if (unknown === undefined) return;
    throw new TalerError(TalerCode.MERCHANT_PRIVATE_POST_ORDERS_NO_EXCHANGE_FOR_CURRENCY, {
      detail: unknown,
    });
  }
}

function supports(keys: ExchangeKeys, account: BankAccount, at: Timestamp): boolean {
  return (
    keys.supportsWireMethod(account.wireMethod, normalizePayto(account.paytoUri)) &&
    keys.wireFee(account.wireMethod, at) !== undefined
  );
}

function termsOf(
  instance: Instance,
  account: BankAccount,
  usable: readonly ExchangeKeys[],
  amounts: readonly Amount[],
): PaymentTerms {
  const limited = usable.map((keys) => ({ keys, limit: keys.lowestHardLimit(PAYMENT_LIMITS) }));
  const willing = limited.filter(({ keys, limit }) =>
    amounts.some(
      (amount) => isOf(keys, amount) && (limit === undefined || compareAmounts(limit, amount) >= 0),
    ),
  );
  if (willing.length === 0) {
    throw new TalerError(TalerCode.MERCHANT_PRIVATE_POST_ORDERS_AMOUNT_EXCEEDS_LEGAL_LIMITS, {
      extra: {
        exchange_rejections: limited.map(({ keys }) => ({
          exchange_url: keys.exchange.baseUrl,
          code: TalerCode.MERCHANT_PRIVATE_POST_ORDERS_AMOUNT_EXCEEDS_LEGAL_LIMITS,
          hint: 'the amount is above the hard limit of this exchange',
        })),
      },
    });
  }
  return {
    account,
    exchanges: willing.map(({ keys, limit }) => ({
      url: keys.exchange.baseUrl,
      masterPub: keys.exchange.masterPub,
      maxContribution: limit,
    })),
    defaultMaxFees: amounts.map((amount) =>
      instance.useStefan ? stefanFee(usable, amount) : zeroAmount(amount.currency),
    ),
  };
}

function isOf({ exchange }: ExchangeKeys, { currency }: Amount): boolean {
  return exchange.currency === currency;
}

/** The largest of the usable exchanges' estimates of the deposit fees (exchange.md 9). */
function stefanFee(usable: readonly ExchangeKeys[], amount: Amount): Amount {
  return usable
    .filter((keys) => isOf(keys, amount))
    .reduce((largest, keys) => {
      const { smallestDenomination } = keys;
      const gross = smallestDenomination && grossFromNet({ ...keys.stefan, smallestDenomination }, amount);
      if (!gross || !smallestDenomination) return largest;
      return maxAmount(largest, roundHalfUp(subtractAmounts(gross, amount), smallestDenomination));
    }, zeroAmount(amount.currency));
}

/** To a multiple of the smallest coin: an estimate with eight digits would only puzzle people. */
function roundHalfUp(amount: Amount, unit: Amount): Amount {
  const steps = (amount.units + unit.units / 2n) / unit.units;
  return amountOf(amount.currency, steps * unit.units);
}

function noExchange(available: readonly UsableExchanges[]): TalerError {
  const rejected = available.flatMap((ofCurrency) => ofCurrency.rejected);
  return new TalerError(TalerCode.MERCHANT_PRIVATE_POST_ORDERS_NO_EXCHANGES_FOR_WIRE_METHOD, {
    extra: {
      exchange_rejections: rejected.map(({ exchange, error }) => ({
        exchange_url: exchange.baseUrl,
        code: error.code,
        hint: error.hint,
      })),
    },
  });
}
