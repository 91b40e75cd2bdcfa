import { Injectable } from '@nestjs/common';
import { unknownAccount } from '../../instances/accounts/account-hash';
import { entityTagOf } from '../../platform/http/entity-tag';
import { instanceTopic, kycTopic } from '../../platform/events/topics';
import { LongPollHub } from '../../platform/long-poll/long-poll.hub';
import { KycChecker } from '../kyc-checker';
import { KycEntry, toKycEntry } from '../kyc-entry';
import { KnownPair, KycOverview, Overview } from '../kyc-overview';
import { isAwaited, KycQuery } from '../kyc-query';
import { KycWatch } from '../kyc-watch';

/** What a request waits for exchanges that have to be asked, in all; who asks to wait less waits less, but a moment. */
export const ASK_MS_MAX = 5_000;
export const ASK_MS_MIN = 1_000;

export interface KycAnswer {
  /** undefined: there is nothing to report. */
  readonly text: string | undefined;
  readonly tag: string;
}

/** `GET private/kyc` (management.md 7): how it stands with the accounts at the exchanges, asked where it is not known. */
@Injectable()
export class GetKyc {
  constructor(
    private readonly overview: KycOverview,
    private readonly checker: KycChecker,
    private readonly watch: KycWatch,
    private readonly hub: LongPollHub,
  ) {}

  /**
   * @param instanceId as in the URL
   * @param render what the client wants to read
   * @param onGone calls back when the client has gone
   * @returns undefined when the client has gone
   * @throws TalerError 2000, 2016 for the instance, 2022 for the account
   */
  async run(
    instanceId: string,
    query: KycQuery,
    render: (entries: readonly KycEntry[]) => string,
    onGone: (callback: () => void) => void,
  ): Promise<KycAnswer | undefined> {
    const startMs = performance.now();
    const { instance } = await this.askExchanges(instanceId, query);
    const timeoutMs = query.timeoutMs - (performance.now() - startMs);
    const watch = this.watch.open();
    try {
      return await this.hub.wait({
        topic: kycTopic(instance.serial),
        reads: 'kyc',
        // Accounts come and go.
        alsoTopics: [instanceTopic(instance.id)],
        timeoutMs,
        onGone,
        load: () => this.overview.of(instance.id),
        judge: (overview, last) => {
          const pairs = select(overview, query);
          const entries = pairs.map(toKycEntry);
          const text = entries.length > 0 ? render(entries) : undefined;
          const tag = text === undefined ? '' : entityTagOf(text);
          if (last || isAwaited(query.until, entries, tag)) return { text, tag };
          watch.follow(pairs);
          return undefined;
        },
      });
    } finally {
      watch.end();
    }
  }

  /** Asks the exchanges about what is too old, all at once. */
  private async askExchanges(instanceId: string, query: KycQuery): Promise<Overview> {
    const endMs =
      performance.now() + Math.max(ASK_MS_MIN, Math.min(query.timeoutMs || ASK_MS_MAX, ASK_MS_MAX));
    await this.overview.fetchKeys(query.exchangeUrl);
    const overview = await this.overview.of(instanceId);
    const stale = select(overview, query).filter(
      ({ keys, isAccountSupported, record }) =>
        keys !== undefined && isAccountSupported && this.checker.isStale(record),
    );
    await this.checker.refresh(stale, Math.max(endMs - performance.now(), 0));
    return overview;
  }
}

/** @throws TalerError MERCHANT_GENERIC_ACCOUNT_UNKNOWN */
function select({ instance, pairs }: Overview, { hWire, exchangeUrl }: KycQuery): KnownPair[] {
  if (hWire && !instance.accounts.some((account) => account.hWire.equals(hWire))) throw unknownAccount(hWire);
  return pairs.filter(
    ({ account, exchange }) =>
      (hWire === undefined || account.hWire.equals(hWire)) &&
      (exchangeUrl === undefined || exchange.baseUrl === exchangeUrl),
  );
}
