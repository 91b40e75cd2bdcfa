import { Injectable } from '@nestjs/common';
import { createHash } from 'node:crypto';
import { InstanceKeys } from '../crypto/instance-keys.service';
import { ExchangeDirectory, TrustedExchange } from '../exchange/exchange-directory';
import type { Denomination, ExchangeKeys } from '../exchange/exchange-keys';
import { ExchangeKeysCache } from '../exchange/exchange-keys.cache';
import type { BankAccount, Instance } from '../instances/instance';
import type { OrderWithContract } from '../orders/order';
import { Clock } from '../platform/clock';
import { ofCanonical } from '../platform/http/canonical-field';
import { Amount, compareAmounts, sumAmounts } from '../taler/amount';
import { hashJson } from '../taler/canonical-json';
import { TalerCode } from '../taler/error-codes';
import type { JsonObject } from '../taler/json';
import { normalizePayto } from '../taler/payto';
import { merchantContract } from '../taler/signatures-merchant';
import { TalerError } from '../taler/taler-error';
import type { Timestamp } from '../taler/timestamp';
import { checkAge, checkCoinSignature, requireDenomination } from './coin-checks';
import { ContractView, viewContract } from './contract-view';
import type { CoinPaySigDto, PayDto } from './dto/pay.dto';

/** A coin that is to be deposited, with its denomination. */
export interface PlannedCoin {
  readonly coin: CoinPaySigDto;
  readonly denomination: Denomination;
}

/** The coins of one exchange. */
export interface ExchangeShare {
  readonly exchange: TrustedExchange;
  readonly keys: ExchangeKeys;
  readonly coins: readonly PlannedCoin[];
}

/** What all deposits of a contract have in common; the exchange refuses another value in any of them (1206). */
export interface DepositTerms {
  readonly hContract: Buffer;
  readonly account: BankAccount;
  readonly merchantPub: Buffer;
  readonly merchantSig: Buffer;
  readonly timestamp: Timestamp;
  readonly refundDeadline: Timestamp;
  readonly wireDeadline: Timestamp;
  readonly walletDataHash: Buffer | undefined;
}

export interface PaymentPlan {
  readonly order: OrderWithContract;
  readonly contract: ContractView;
  readonly terms: DepositTerms;
  readonly shares: readonly ExchangeShare[];
}

/** Hard limits that bound one payment (exchange.md 2). */
const PAYMENT_LIMITS = ['DEPOSIT', 'TRANSACTION'];

/** Reads and checks a pay request against the contract: what is to be deposited where (orders.md 5.3, 3 to 9). */
@Injectable()
export class PlanPayment {
  constructor(
    private readonly instanceKeys: InstanceKeys,
    private readonly exchanges: ExchangeDirectory,
    private readonly exchangeKeys: ExchangeKeysCache,
    private readonly clock: Clock,
  ) {}

  /**
   * @param order claimed
   * @param stored coins that were deposited before, as hex: they are not deposited again
   * @throws TalerError as orders.md 5.3 and the table of exchange.md 3 say
   */
  async run(
    instance: Instance,
    order: OrderWithContract,
    request: PayDto,
    stored: ReadonlySet<string>,
  ): Promise<PaymentPlan> {
    const contract = viewContract(order);
    const terms = await this.termsOf(instance, order, contract, request.wallet_data);
    const coins = request.coins
      .map((coin, index) => ({ coin, index }))
      .filter(({ coin }) => !stored.has(coin.coin_pub.toString('hex')));
    const byExchange = new Map<TrustedExchange, { coin: CoinPaySigDto; index: number }[]>();
    for (const entry of coins) {
      const exchange = this.exchanges.find(entry.coin.exchange_url);
      if (!exchange) {
        throw new TalerError(TalerCode.MERCHANT_GENERIC_EXCHANGE_UNTRUSTED, {
          detail: entry.coin.exchange_url,
          extra: { exchange_url: entry.coin.exchange_url },
        });
      }
      byExchange.set(exchange, [...(byExchange.get(exchange) ?? []), entry]);
    }
    const shares = await Promise.all(
      [...byExchange].map(([exchange, entries]) => this.planShare(exchange, entries, terms, contract)),
    );
    return { order, contract, terms, shares };
  }

  private async planShare(
    exchange: TrustedExchange,
    entries: readonly { coin: CoinPaySigDto; index: number }[],
    terms: DepositTerms,
    contract: ContractView,
  ): Promise<ExchangeShare> {
    let keys = await this.exchangeKeys.get(exchange);
    // A denomination that is not in our copy may be newer than it (exchange.md 2).
    const isUnknown = ({ coin }: { coin: CoinPaySigDto }) =>
      !keys.denominations.find(coin.h_denom) && !keys.isRevoked(coin.h_denom);
    if (entries.some(isUnknown)) keys = await this.exchangeKeys.refresh(exchange);
    requireWireMethod(keys, terms);
    const nowUs = this.clock.nowUs();
    const coins = entries.map(({ coin, index }) => {
      const denomination = requireDenomination(keys, coin, index, nowUs);
      checkAge(denomination, coin, contract.minimumAge, index);
      checkCoinSignature(coin, denomination, signedTerms(terms), index);
      return { coin, denomination };
    });
    requireWithinLimit(
      keys,
      coins.map(({ coin }) => coin.contribution),
    );
    return { exchange, keys, coins };
  }

  private async termsOf(
    instance: Instance,
    order: OrderWithContract,
    contract: ContractView,
    walletData: JsonObject | undefined,
  ): Promise<DepositTerms> {
    const hContract = order.claim?.hContract;
    const account = instance.accounts.find((candidate) => candidate.hWire.equals(order.hWire));
    if (!hContract || !account) {
      throw new TalerError(TalerCode.MERCHANT_POST_ORDERS_ID_PAY_WIRE_HASH_UNKNOWN, {
        detail: order.orderId,
      });
    }
    if (order.refundDeadline > order.wireDeadline) {
      throw new TalerError(TalerCode.MERCHANT_POST_ORDERS_ID_PAY_REFUND_DEADLINE_PAST_WIRE_TRANSFER_DEADLINE);
    }
    const signer = await this.instanceKeys.signerOf(instance.serial);
    return {
      hContract,
      account,
      merchantPub: instance.merchantPub,
      merchantSig: merchantContract.sign(signer, { hContract }),
      timestamp: contract.timestamp,
      refundDeadline: order.refundDeadline,
      wireDeadline: order.wireDeadline,
      // Of the object exactly as received (crypto.md 4).
      walletDataHash: walletData && ofCanonical('wallet_data', () => hashJson(walletData)),
    };
  }
}

/** Names a set of coins, in whatever order they come; a repeat of a payment has the same name. */
export function hashCoinSet(coins: readonly CoinPaySigDto[]): Buffer {
  const sorted = coins.map((coin) => coin.coin_pub.toString('hex')).sort();
  return createHash('sha256').update(sorted.join()).digest();
}

function signedTerms(terms: DepositTerms) {
  return {
    hContract: terms.hContract,
    hWire: terms.account.hWire,
    walletTimestamp: terms.timestamp,
    refundDeadline: terms.refundDeadline,
    merchantPub: terms.merchantPub,
    walletDataHash: terms.walletDataHash,
  };
}

function requireWireMethod(keys: ExchangeKeys, terms: DepositTerms): void {
  const { account, timestamp } = terms;
  const isSupported =
    keys.supportsWireMethod(account.wireMethod, normalizePayto(account.paytoUri)) &&
    keys.wireFee(account.wireMethod, timestamp) !== undefined;
  if (isSupported) return;
  throw new TalerError(TalerCode.MERCHANT_POST_ORDERS_ID_PAY_WIRE_METHOD_UNSUPPORTED, {
    detail: account.wireMethod,
    extra: { exchange_url: keys.exchange.baseUrl },
  });
}

function requireWithinLimit(keys: ExchangeKeys, contributions: readonly Amount[]): void {
  const limit = keys.lowestHardLimit(PAYMENT_LIMITS);
  if (!limit || compareAmounts(sumAmounts(limit.currency, contributions), limit) <= 0) return;
  throw new TalerError(TalerCode.MERCHANT_POST_ORDERS_ID_PAY_EXCHANGE_TRANSACTION_LIMIT_VIOLATION, {
    extra: { exchange_url: keys.exchange.baseUrl },
  });
}
