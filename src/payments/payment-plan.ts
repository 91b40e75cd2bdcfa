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
import type { Amount } from '../taler/amount';
import { hashJson } from '../taler/canonical-json';
import { malformedField } from '../platform/http/malformed';
import { TalerCode } from '../taler/error-codes';
import type { JsonObject } from '../taler/json';
import { normalizePayto } from '../taler/payto';
import { merchantContract } from '../taler/signatures-merchant';
import { TalerError } from '../taler/taler-error';
import type { Timestamp } from '../taler/timestamp';
import { checkAge, checkCoinSignature, requireDenomination } from './coin-checks';
import type { ContractView } from './contract-view';
import type { CoinPaySigDto, PayDto } from './dto/pay.dto';
import { coinKeys, type StoredDeposit } from './payments.repository';
import { checkTokens } from './wallet-tokens';

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
  /** What was deposited before this request. */
  readonly stored: readonly StoredDeposit[];
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
   * @param contract as viewed for this request
   * @param stored what was deposited before: those coins are not deposited again
   * @throws TalerError as orders.md 5.3 and the table of exchange.md 3 say
   */
  async run(
    instance: Instance,
    order: OrderWithContract,
    contract: ContractView,
    request: PayDto,
    stored: readonly StoredDeposit[],
  ): Promise<PaymentPlan> {
    const terms = await this.termsOf(instance, order, contract, request.wallet_data);
    checkTokens(contract, request);
    const known = coinKeys(stored);
    const coins = request.coins
      .map((coin, index) => ({ coin, index }))
      .filter(({ coin }) => !known.has(coin.coin_pub.toString('hex')));
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
      [...byExchange].map(([exchange, entries]) =>
        this.planShare(exchange, entries, { terms, contract, stored }),
      ),
    );
    return { order, contract, terms, shares, stored };
  }

  private async planShare(
    exchange: TrustedExchange,
    entries: readonly { coin: CoinPaySigDto; index: number }[],
    {
      terms,
      contract,
      stored,
    }: { terms: DepositTerms; contract: ContractView; stored: readonly StoredDeposit[] },
  ): Promise<ExchangeShare> {
    let keys = await this.exchangeKeys.get(exchange);
    // A denomination that is not in our copy may be newer than it (exchange.md 2).
    const isUnknown = ({ coin }: { coin: CoinPaySigDto }) =>
      !keys.denominations.find(coin.h_denom) && !keys.isRevoked(coin.h_denom);
    if (entries.some(isUnknown)) keys = await this.exchangeKeys.refresh(exchange);
    requireWireMethod(keys, terms);
    const nowUs = this.clock.nowUs();
    const coins = entries.map(({ coin, index }) => {
      requireCurrency(coin, contract.amount.currency, index);
      const denomination = requireDenomination(keys, coin, index, nowUs);
      checkAge(denomination, coin, contract.minimumAge, index);
      checkCoinSignature(coin, denomination, signedTerms(terms), index);
      return { coin, denomination };
    });
    const earlier = stored.filter(({ exchangeUrl }) => exchangeUrl === exchange.baseUrl);
    requireWithinLimit(keys, [...earlier, ...entries.map(({ coin }) => coin)]);
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

/**
 * Names a payment by its coins, in whatever order they come, and what they have signed; a repeat has the same name.
 */
export function namePayment({ coins, wallet_data }: PayDto): Buffer {
  const sorted = coins.map((coin) => coin.coin_pub.toString('hex')).sort();
  const hash = createHash('sha256').update(sorted.join());
  if (wallet_data) hash.update(ofCanonical('wallet_data', () => hashJson(wallet_data)));
  return hash.digest();
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

/** What a coin of another currency brings cannot be held against the price. */
function requireCurrency({ contribution }: CoinPaySigDto, currency: string, index: number): void {
  if (contribution.currency === currency) return;
  const field = `coins[${index}].contribution`;
  throw malformedField(field, `must be in ${currency}`);
}

/** @param coins of this contract at the exchange, those of earlier tries included: it is one payment */
function requireWithinLimit(keys: ExchangeKeys, coins: readonly { contribution: Amount }[]): void {
  const limit = keys.lowestHardLimit(PAYMENT_LIMITS);
  if (!limit || coins.reduce((sum, { contribution }) => sum + contribution.units, 0n) <= limit.units) return;
  throw new TalerError(TalerCode.MERCHANT_POST_ORDERS_ID_PAY_EXCHANGE_TRANSACTION_LIMIT_VIOLATION, {
    extra: { exchange_url: keys.exchange.baseUrl },
  });
}
