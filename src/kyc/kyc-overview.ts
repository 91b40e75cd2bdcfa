import { Injectable } from '@nestjs/common';
import { ExchangeDirectory } from '../exchange/exchange-directory';
import type { ExchangeKeys } from '../exchange/exchange-keys';
import { ExchangeKeysCache, USABLE_NOW_WAIT_MS } from '../exchange/exchange-keys.cache';
import type { Instance } from '../instances/instance';
import { InstanceDirectory } from '../instances/instance-directory';
import { TalerCode } from '../taler/error-codes';
import { TalerError } from '../taler/taler-error';
import { EarlyTosRepository } from './early-tos.repository';
import { isRelated, isSupported, KycPair, pairKey, pairKeyOf } from './kyc-pair';
import type { KycRecord } from './kyc-record';
import { KycStatusRepository } from './kyc-status.repository';

/** A pair with all that is known of it. */
export interface KnownPair extends KycPair {
  /** undefined: the exchange gave none yet. */
  readonly keys: ExchangeKeys | undefined;
  readonly isAccountSupported: boolean;
  readonly record: KycRecord | undefined;
  readonly tosAcceptedEarly: string | undefined;
}

/** An instance and how it stands with its active accounts at all exchanges. */
export interface Overview {
  readonly instance: Instance;
  readonly pairs: readonly KnownPair[];
}

/** Puts together which accounts and exchanges belong together, and what is stored of them (management.md 7). */
@Injectable()
export class KycOverview {
  constructor(
    private readonly instances: InstanceDirectory,
    private readonly exchanges: ExchangeDirectory,
    private readonly keysCache: ExchangeKeysCache,
    private readonly statuses: KycStatusRepository,
    private readonly earlyTos: EarlyTosRepository,
  ) {}

  /**
   * Gives exchanges without keys a moment to send them.
   * @param exchangeUrl only this one; normalised
   */
  async fetchKeys(exchangeUrl: string | undefined): Promise<void> {
    const exchanges = this.exchanges
      .list()
      .filter(({ baseUrl }) => exchangeUrl === undefined || baseUrl === exchangeUrl);
    await Promise.all(
      exchanges.map(async (exchange) => {
        try {
          await this.keysCache.get(exchange, { waitMs: USABLE_NOW_WAIT_MS });
        } catch (error) {
          // Reported per entry (management.md 23 no. 12); the cache has logged why.
          if (!(error instanceof TalerError)) throw error;
        }
      }),
    );
  }

  /**
   * @param instanceId as in the URL
   * @throws TalerError MERCHANT_GENERIC_INSTANCE_UNKNOWN, MERCHANT_GENERIC_INSTANCE_DELETED
   */
  async of(instanceId: string): Promise<Overview> {
    const instance = await this.instances.get(instanceId);
    // Without its private key it can ask no exchange any more (management.md 1.2).
    if (instance.deleted) {
      throw new TalerError(TalerCode.MERCHANT_GENERIC_INSTANCE_DELETED, { detail: instanceId });
    }
    const active = instance.accounts.filter((account) => account.active);
    const [records, accepted] = await Promise.all([
      this.statuses.find(active.map(({ serial }) => serial)),
      this.earlyTos.find(instance.serial),
    ]);
    const recordOf = new Map(records.map((each) => [pairKeyOf(each.accountSerial, each.exchangeUrl), each]));
    const pairs = active.flatMap((account) =>
      this.exchanges.list().flatMap((exchange) => {
        const pair = {
          instanceSerial: instance.serial,
          merchantPub: instance.merchantPub,
          account,
          exchange,
        };
        return this.know(pair, recordOf.get(pairKey(pair)), accepted.get(exchange.baseUrl));
      }),
    );
    return { instance, pairs };
  }

  private know(
    pair: KycPair,
    record: KycRecord | undefined,
    tosAcceptedEarly: string | undefined,
  ): KnownPair[] {
    const keys = this.keysCache.peek(pair.exchange);
    if (!keys) return [{ ...pair, keys, isAccountSupported: true, record, tosAcceptedEarly }];
    if (!isRelated(keys, pair.account)) return [];
    const isAccountSupported = isSupported(keys, pair.account);
    return [{ ...pair, keys, isAccountSupported, record, tosAcceptedEarly }];
  }
}
