import { Injectable } from '@nestjs/common';
import { COINS_PER_BATCH_MAX } from '../exchange/deposit-call';
import { ExchangeClient } from '../exchange/exchange.client';
import type { TrustedExchange } from '../exchange/exchange-directory';
import { legallyRefused } from '../exchange/exchange-errors';
import type { DepositOutcome } from '../exchange/exchange-outcomes';
import { Metrics } from '../platform/observability/metrics';
import { Waypoints } from '../platform/waypoints';
import type { TalerError } from '../taler/taler-error';
import type { HeldAttempt } from './attempts.repository';
import type { ExchangeShare, PaymentPlan, PlannedCoin } from './payment-plan';
import type { ConfirmedBatch } from './payments.repository';
import { RecordBatch } from './record-batch';
import type { PaymentSums } from './sufficiency';

/** Time limit of the whole pay step: 15 s, and 15 s more for every five coins (exchange.md 3), within a bound. */
const DEPOSIT_MS_BASE = 15_000;
const DEPOSIT_MS_MAX = 120_000;

type Unsuccessful = Exclude<DepositOutcome, { kind: 'confirmed' }> & { readonly exchange: TrustedExchange };

export interface DepositResult {
  /** Whether the order is paid after all that was recorded. */
  readonly paid: boolean;
  /** What was stored with the last record; undefined when nothing was confirmed. */
  readonly sums: PaymentSums | undefined;
  /** The coins of this payment that were recorded by it. */
  readonly recorded: readonly Buffer[];
  /** The errors of the batches that were not confirmed, the most telling first. */
  readonly errors: readonly TalerError[];
  /** True: some coin may or may not be deposited, so the attempt must not be forgotten. */
  readonly isUncertain: boolean;
  /** True: the last record has removed the attempt already. */
  readonly isFinished: boolean;
}

interface Batch {
  readonly share: ExchangeShare;
  readonly coins: readonly PlannedCoin[];
}

/** Deposits the coins of a plan at their exchanges, all at once, and records each success by itself. */
@Injectable()
export class DepositCoins {
  constructor(
    private readonly client: ExchangeClient,
    private readonly recordBatch: RecordBatch,
    private readonly metrics: Metrics,
    private readonly waypoints: Waypoints,
  ) {}

  /** @param attempt to be closed with the record where one batch is all there is to know */
  async run(
    plan: PaymentPlan,
    sessionId: string | undefined,
    attempt: HeldAttempt | undefined,
  ): Promise<DepositResult> {
    const batches = plan.shares.flatMap(splitShare);
    const coins = batches.reduce((count, batch) => count + batch.coins.length, 0);
    const timeoutMs = Math.min(DEPOSIT_MS_BASE * (1 + Math.floor(coins / 5)), DEPOSIT_MS_MAX);
    // The usual payment is one batch: its record can close the attempt in the same commit.
    const finishes = batches.length === 1 ? attempt : undefined;
    let paid = false;
    let sums: PaymentSums | undefined;
    const recorded: Buffer[] = [];
    const failures: Unsuccessful[] = [];
    // All of them are waited for, also when a record fails: the attempt stays in hand as long as money moves.
    const ends = await Promise.allSettled(
      batches.map(async (batch) => {
        this.waypoints.pass('pay: before a deposit');
        const outcome = await this.deposit(plan, batch, timeoutMs);
        this.metrics.deposits.inc({ outcome: outcome.kind });
        if (outcome.kind !== 'confirmed') {
          failures.push({ ...outcome, exchange: batch.share.exchange });
          return;
        }
        this.waypoints.pass('pay: confirmed by the exchange');
        const confirmed = toConfirmedBatch(plan, batch, outcome);
        const record = await this.recordBatch.run(plan, { sessionId, batch: confirmed }, finishes);
        this.waypoints.pass('pay: batch recorded');
        recorded.push(...confirmed.deposits.map(({ coinPub }) => coinPub));
        paid ||= record.paid;
        // Batches are recorded one after the other, so the longest list is the latest.
        if (!sums || record.sums.deposits.length > sums.deposits.length) sums = record.sums;
      }),
    );
    const broken = ends.find((end) => end.status === 'rejected');
    if (broken) throw broken.reason;
    return {
      paid,
      sums,
      recorded,
      errors: sortErrors(failures),
      isUncertain: failures.some((failure) => failure.kind === 'failed'),
      isFinished: finishes !== undefined && failures.length === 0,
    };
  }

  private deposit(plan: PaymentPlan, batch: Batch, timeoutMs: number): Promise<DepositOutcome> {
    const { terms } = plan;
    const { exchange, keys } = batch.share;
    return this.client.batchDeposit({
      exchange,
      keys,
      timeoutMs,
      request: {
        merchantPaytoUri: terms.account.paytoUri,
        wireSalt: terms.account.salt,
        hContract: terms.hContract,
        merchantPub: terms.merchantPub,
        merchantSig: terms.merchantSig,
        timestamp: terms.timestamp,
        refundDeadline: terms.refundDeadline,
        wireDeadline: terms.wireDeadline,
        walletDataHash: terms.walletDataHash,
        coins: batch.coins.map(({ coin, denomination }) => ({
          coinPub: coin.coin_pub,
          hDenom: coin.h_denom,
          ubSig: coin.ub_sig,
          contribution: coin.contribution,
          depositFee: denomination.feeDeposit,
          coinSig: coin.coin_sig,
          hAgeCommitment: coin.h_age_commitment,
        })),
      },
    });
  }
}

function splitShare(share: ExchangeShare): Batch[] {
  const batches: Batch[] = [];
  for (let start = 0; start < share.coins.length; start += COINS_PER_BATCH_MAX) {
    batches.push({ share, coins: share.coins.slice(start, start + COINS_PER_BATCH_MAX) });
  }
  return batches;
}

function toConfirmedBatch(
  plan: PaymentPlan,
  batch: Batch,
  outcome: Extract<DepositOutcome, { kind: 'confirmed' }>,
): ConfirmedBatch {
  return {
    exchangeUrl: batch.share.exchange.baseUrl,
    exchangePub: outcome.exchangePub,
    exchangeSig: outcome.exchangeSig,
    exchangeTimestamp: outcome.exchangeTimestamp,
    totalWithoutFee: outcome.totalWithoutFee,
    walletDataHash: plan.terms.walletDataHash,
    deposits: batch.coins.map(({ coin, denomination }) => ({
      coinPub: coin.coin_pub,
      coinSig: coin.coin_sig,
      hDenom: coin.h_denom,
      contribution: coin.contribution,
      depositFee: denomination.feeDeposit,
      refundFee: denomination.feeRefund,
    })),
  };
}

/** What the wallet can act upon comes first: a spent coin, then a legal refusal, then trouble it can only wait out. */
function sortErrors(failures: readonly Unsuccessful[]): TalerError[] {
  const rank = (failure: Unsuccessful) =>
    failure.error.status === 409
      ? 0
      : failure.kind === 'legally-refused'
        ? 1
        : failure.kind === 'refused'
          ? 2
          : 3;
  // One error names all exchanges that refused for legal reasons: the wallet has to avoid every one of them.
  const legal = new Set(
    failures.filter(({ kind }) => kind === 'legally-refused').map(({ exchange }) => exchange),
  );
  const errorOf = ({ kind, error }: Unsuccessful) =>
    kind === 'legally-refused' ? legallyRefused(...legal) : error;
  return [...failures].sort((a, b) => rank(a) - rank(b)).map(errorOf);
}
