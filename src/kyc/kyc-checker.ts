import { Injectable, Logger, OnModuleDestroy } from '@nestjs/common';
import { setTimeout as sleep } from 'node:timers/promises';
import { InstanceKeys } from '../crypto/instance-keys.service';
import { KycCheckCall, KycCheckOutcome, KycClient } from '../exchange/kyc.client';
import { Clock } from '../platform/clock';
import { EventBus } from '../platform/events/event-bus';
import { kycTopic } from '../platform/events/topics';
import { hashNormalizedPayto } from '../taler/payto';
import { kycAuth } from '../taler/signatures-merchant';
import { MINUTE_US, SECOND_US } from '../taler/timestamp';
import { KycPair, pairKey } from './kyc-pair';
import { KycRecord, toAccountLimit } from './kyc-record';
import { KycStatusRepository, NewKycRecord } from './kyc-status.repository';

/** How long it counts when the exchange is content: people look at the page now and then. */
export const CONTENT_AGE_US = MINUTE_US;

/** The same while something is wanted or wrong: who has just done it looks again soon. */
export const WANTING_AGE_US = 10n * SECOND_US;

interface Flight {
  readonly done: Promise<KycRecord | undefined>;
  readonly isLongPoll: boolean;
  /** Aborted: it ends without a result. */
  readonly calledOff: AbortSignal;
}

interface CheckOptions {
  readonly longPoll?: KycCheckCall['longPoll'];
  readonly signal?: AbortSignal;
}

/** Asks exchanges about accounts, one call at a time for each pair, and stores what they say. */
@Injectable()
export class KycChecker implements OnModuleDestroy {
  private readonly logger = new Logger(KycChecker.name);
  private readonly flights = new Map<string, Flight>();
  private readonly closing = new AbortController();

  constructor(
    private readonly client: KycClient,
    private readonly instanceKeys: InstanceKeys,
    private readonly statuses: KycStatusRepository,
    private readonly bus: EventBus,
    private readonly clock: Clock,
  ) {}

  /** What nobody waits for any more must not outlive the database. */
  onModuleDestroy(): void {
    this.closing.abort();
  }

  /** Whether the exchange should be asked anew. */
  isStale(record: KycRecord | undefined): boolean {
    if (record === undefined) return true;
    const isContent = [200, 204].includes(record.httpStatus) && !record.amlReview && !record.exchangeCode;
    const ageUs = this.clock.nowUs() - record.checkedUs;
    return ageUs < 0n || ageUs >= (isContent ? CONTENT_AGE_US : WANTING_AGE_US);
  }

  /**
   * Asks about all pairs at once, and waits for the answers as long as `budgetMs`; later ones are stored when they come.
   * A pair that a long poll is out for is not asked: the exchange answers that as soon as something changes.
   */
  async refresh(pairs: readonly KycPair[], budgetMs: number): Promise<void> {
    const asked = pairs
      .filter((pair) => this.underWay(pair)?.isLongPoll !== true)
      .map((pair) => this.check(pair));
    if (asked.length === 0) return;
    const all = Promise.all(asked);
    const patience = new AbortController();
    all.catch((error: unknown) => {
      // Within the budget the request itself fails of it.
      if (patience.signal.aborted) this.logger.error(`KYC was not checked: ${String(error)}`);
    });
    const signal = AbortSignal.any([patience.signal, this.closing.signal]);
    const timeUp = sleep(budgetMs, undefined, { signal, ref: false }).catch(() => undefined);
    await Promise.race([all, timeUp]);
    patience.abort();
  }

  /**
   * One check; joins the one under way for the pair.
   * @returns what is known then; undefined when the account is gone or the check was called off
   */
  check(pair: KycPair, { longPoll, signal }: CheckOptions = {}): Promise<KycRecord | undefined> {
    const underWay = this.underWay(pair);
    if (underWay) return underWay.done;
    const key = pairKey(pair);
    const calledOff = AbortSignal.any(signal ? [signal, this.closing.signal] : [this.closing.signal]);
    const done = this.ask(pair, longPoll, calledOff).finally(() => {
      if (this.flights.get(key) === flight) this.flights.delete(key);
    });
    const flight = { done, isLongPoll: longPoll !== undefined, calledOff };
    this.flights.set(key, flight);
    return done;
  }

  private underWay(pair: KycPair): Flight | undefined {
    const flight = this.flights.get(pairKey(pair));
    return flight?.calledOff.aborted ? undefined : flight;
  }

  private async ask(
    pair: KycPair,
    longPoll: KycCheckCall['longPoll'],
    signal: AbortSignal,
  ): Promise<KycRecord | undefined> {
    const signer = await this.instanceKeys.signerOf(pair.instanceSerial);
    const request = {
      hNormalizedPayto: hashNormalizedPayto(pair.account.paytoUri),
      merchantPub: pair.merchantPub,
      ownerSig: kycAuth.sign(signer, {}),
    };
    const outcome = await this.client.check({ exchange: pair.exchange, request, longPoll, signal });
    if (signal.aborted) return undefined;
    const saved = await this.statuses.save(toRecord(pair, outcome, this.clock.nowUs()));
    if (saved?.changed) this.bus.publish(kycTopic(pair.instanceSerial));
    return saved?.record;
  }
}

function toRecord({ account, exchange }: KycPair, outcome: KycCheckOutcome, checkedUs: bigint): NewKycRecord {
  const known = outcome.kind === 'known' ? outcome : undefined;
  return {
    accountSerial: account.serial,
    exchangeUrl: exchange.baseUrl,
    httpStatus: outcome.status,
    exchangeCode: 'code' in outcome ? outcome.code : undefined,
    accessToken: known?.accessToken,
    amlReview: known?.amlReview ?? false,
    tosRequired: known?.tosRequired,
    limits: known?.limits?.map(toAccountLimit),
    ruleGen: known?.ruleGen,
    checkedUs,
    isInformed: outcome.kind !== 'failed',
  };
}
