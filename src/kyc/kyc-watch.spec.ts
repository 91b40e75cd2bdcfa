import type { ExchangeKeys } from '../exchange/exchange-keys';
import type { ExchangeKeysCache } from '../exchange/exchange-keys.cache';
import type { EventBus } from '../platform/events/event-bus';
import type { KycChecker } from './kyc-checker';
import type { KycPair } from './kyc-pair';
import type { KycRecord } from './kyc-record';
import type { KycStatusRepository } from './kyc-status.repository';
import { KycWatch, LONG_POLLS_PER_EXCHANGE, PAIRS_WATCHED_MAX } from './kyc-watch';

const exchange = { baseUrl: 'http://exchange.example/', masterPub: Buffer.alloc(32), currency: 'KUDOS' };

function pairOf(serial: number): KycPair {
  const account = {
    serial: BigInt(serial),
    paytoUri: 'payto://iban/DE75512108001245126199',
    wireMethod: 'iban',
  };
  return { instanceSerial: 1n, merchantPub: Buffer.alloc(32), account, exchange } as unknown as KycPair;
}
function recordOf(accountSerial: bigint): KycRecord {
  return { accountSerial, exchangeUrl: exchange.baseUrl, httpStatus: 404 } as KycRecord;
}

/** A watch whose checks never end unless they are called off. */
function newWatch() {
  const calls = { long: 0, short: 0, calledOff: 0 };
  const checker = {
    isStale: () => false,
    check: (_pair: KycPair, { longPoll, signal }: { longPoll?: object; signal: AbortSignal }) =>
      new Promise<undefined>((resolve) => {
        if (longPoll) calls.long++;
        else calls.short++;
        signal.addEventListener('abort', () => {
          calls.calledOff++;
          resolve(undefined);
        });
      }),
  } as unknown as KycChecker;
  const keys = { supportsWireMethod: () => true } as unknown as ExchangeKeys;
  const cache = { peek: () => keys } as unknown as ExchangeKeysCache;
  const statuses = {
    find: ([serial = 0n]: readonly bigint[]) => Promise.resolve([recordOf(serial)]),
  } as unknown as KycStatusRepository;
  return { watch: new KycWatch(checker, cache, statuses, {} as EventBus), calls };
}
const pairs = (count: number) => Array.from({ length: count }, (_, index) => pairOf(index));
const settled = () => new Promise((resolve) => setImmediate(resolve));

describe('following accounts at exchanges', () => {
  it('is one call for all who wait, from the first to the last of them', async () => {
    const { watch, calls } = newWatch();
    const waiters = [watch.open(), watch.open(), watch.open()];
    for (const waiter of waiters) waiter.follow(pairs(2));
    waiters[0]?.follow(pairs(2));
    await settled();
    expect(calls).toEqual({ long: 2, short: 0, calledOff: 0 });
    waiters[0]?.end();
    waiters[0]?.end();
    waiters[1]?.follow(pairs(1));
    waiters[2]?.follow(pairs(1));
    await settled();
    expect(calls).toEqual({ long: 2, short: 0, calledOff: 1 });
    waiters[1]?.end();
    waiters[2]?.end();
    await settled();
    expect(calls).toEqual({ long: 2, short: 0, calledOff: 2 });
  });

  it('leaves connections for others: beyond so many long polls exchanges are asked without', async () => {
    const { watch, calls } = newWatch();
    const waiter = watch.open();
    waiter.follow(pairs(LONG_POLLS_PER_EXCHANGE + 5));
    await settled();
    expect(calls).toEqual({ long: LONG_POLLS_PER_EXCHANGE, short: 5, calledOff: 0 });
    waiter.end();
    await settled();
    expect(calls.calledOff).toBe(LONG_POLLS_PER_EXCHANGE + 5);
  });

  it('follows a bounded number of pairs, and ends all of them with the process', async () => {
    const { watch, calls } = newWatch();
    watch.open().follow(pairs(PAIRS_WATCHED_MAX + 10));
    await settled();
    expect(calls.long + calls.short).toBe(PAIRS_WATCHED_MAX);
    watch.onModuleDestroy();
    await settled();
    expect(calls.calledOff).toBe(PAIRS_WATCHED_MAX);
  });
});
