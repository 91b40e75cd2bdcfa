import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pickDenominations, withdrawable } from '../../../sandbox/wallet/denomination-selection';
import { verifyExchangeKeys } from '../../../sandbox/wallet/exchange-keys';
import { WalletError } from '../../../sandbox/wallet/wallet-error';
import { encodeBase32 } from '../../../src/taler/base32';
import { formatAmount } from '../../../src/taler/amount';
import type { JsonObject, JsonValue } from '../../../src/taler/json';
import { money } from './coin-mint';

interface KeysFixture {
  response: { headers: { date: string }; body: JsonObject };
}

const RECORDED = JSON.parse(
  readFileSync(join(__dirname, '../../fixtures/exchange/002-keys.json'), 'utf8'),
) as KeysFixture;
const BASE_URL = 'http://localhost:18081/';
const NOW = BigInt(Date.parse(RECORDED.response.headers.date)) * 1000n;

function keys(change: (body: JsonObject) => void = () => undefined): JsonObject {
  const body = structuredClone(RECORDED.response.body);
  change(body);
  return body;
}

function at(value: JsonValue | undefined, ...path: (string | number)[]): JsonObject {
  let found: unknown = value;
  for (const step of path) found = (found as Record<string | number, unknown>)[step];
  return found as JsonObject;
}

function kindOf(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    if (error instanceof WalletError) return error.kind;
    throw error;
  }
  return 'no error';
}

describe('the keys of a real exchange', () => {
  it('verify, with all their denominations', () => {
    const verified = verifyExchangeKeys(keys(), BASE_URL, NOW);
    expect(verified.currency).toBe('KUDOS');
    const listed = (RECORDED.response.body['denominations'] as JsonObject[]).flatMap(
      (group) => group['denoms'],
    );
    expect(verified.denominations).toHaveLength(listed.length);
    expect(withdrawable(verified.denominations, NOW).length).toBeGreaterThan(0);
  });

  it('leave out age restricted, future and expired denominations when it comes to withdrawing', () => {
    const { denominations } = verifyExchangeKeys(keys(), BASE_URL, NOW);
    for (const one of withdrawable(denominations, NOW)) {
      expect(one.key.ageMask).toBe(0);
      expect(one.stampStart <= NOW && NOW < one.stampExpireWithdraw).toBe(true);
    }
    expect(withdrawable(denominations, NOW + 100n * 365n * 86_400_000_000n)).toEqual([]);
  });

  const changes: [string, (body: JsonObject) => void][] = [
    ['another base URL', (body) => (body['base_url'] = 'http://localhost:9/')],
    ['another master key', (body) => (body['master_public_key'] = body['exchange_pub'] ?? '')],
    [
      'a lower deposit fee than signed',
      (body) => (at(body, 'denominations', 0)['fee_deposit'] = 'KUDOS:0.000001'),
    ],
    [
      'a longer life than signed',
      (body) => (at(body, 'denominations', 0, 'denoms', 0)['stamp_expire_deposit'] = { t_s: 'never' }),
    ],
    ['a denomination left out', (body) => void (at(body, 'denominations', 0)['denoms'] as JsonValue[]).pop()],
    ['no signing keys', (body) => (body['signkeys'] = [])],
    ['a signature of another time', (body) => (body['list_issue_date'] = { t_s: 1 })],
    ['a version from another age', (body) => (body['version'] = '5:0:0')],
    ['amounts of another currency', (body) => (body['currency'] = 'EUR')],
  ];
  it.each(changes)('are refused with %s', (_, change) => {
    expect(kindOf(() => verifyExchangeKeys(keys(change), BASE_URL, NOW))).toBe('exchange-unusable');
  });

  it('are refused when the signing key is not valid yet or any more', () => {
    const years = 365n * 86_400_000_000n;
    expect(kindOf(() => verifyExchangeKeys(keys(), BASE_URL, NOW - years))).toBe('exchange-unusable');
    expect(kindOf(() => verifyExchangeKeys(keys(), BASE_URL, NOW + 10n * years))).toBe('exchange-unusable');
  });

  it('lose the denominations that are revoked', () => {
    const [first] = verifyExchangeKeys(keys(), BASE_URL, NOW).denominations;
    const all = verifyExchangeKeys(keys(), BASE_URL, NOW).denominations.length;
    const hash = encodeBase32(first?.hDenom ?? Buffer.alloc(64));
    const left = verifyExchangeKeys(
      keys((body) => (body['recoup'] = [{ h_denom_pub: hash }])),
      BASE_URL,
      NOW,
    );
    expect(left.denominations).toHaveLength(all - 1);
  });
});

describe('pickDenominations', () => {
  const { denominations } = verifyExchangeKeys(keys(), BASE_URL, NOW);
  const usable = withdrawable(denominations, NOW);

  it('never costs more than the amount, and leaves less than the cheapest coin', () => {
    const cheapest = usable
      .map(({ value, feeWithdraw }) => value.units + feeWithdraw.units)
      .sort((a, b) => (a < b ? -1 : 1))[0];
    for (const text of ['KUDOS:0.01', 'KUDOS:1', 'KUDOS:7.77', 'KUDOS:20', 'KUDOS:100']) {
      const amount = money(text);
      const { picked, cost } = pickDenominations(usable, amount);
      const sum = picked.reduce(
        (total, { value, feeWithdraw }) => total + value.units + feeWithdraw.units,
        0n,
      );
      expect(cost.units).toBe(sum);
      expect(sum).toBeLessThanOrEqual(amount.units);
      expect(amount.units - sum).toBeLessThan(cheapest ?? 0n);
    }
  });

  it('stops at the largest number of coins', () => {
    const { picked } = pickDenominations(usable, money('KUDOS:1000000'));
    expect(picked).toHaveLength(1024);
    expect(formatAmount(pickDenominations([], money('KUDOS:5')).cost)).toBe('KUDOS:0');
  });
});
