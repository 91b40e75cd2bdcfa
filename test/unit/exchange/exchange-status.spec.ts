import { ExchangeSlot, statusOf } from '../../../src/exchange/exchange-status';
import type { ExchangeKeys } from '../../../src/exchange/exchange-keys';
import { exchangeTimeout, keysFailure } from '../../../src/exchange/exchange-errors';
import type { JsonValue } from '../../../src/taler/json';

const exchange = { baseUrl: 'https://exchange.example/', masterPub: Buffer.alloc(32), currency: 'KUDOS' };
const NOW_US = 1_000_000_000n;

function keysWith(restrictions: JsonValue): ExchangeKeys {
  const accounts = [{ paytoUri: 'payto://iban/DE1?receiver-name=E', debitRestrictionsJson: restrictions }];
  return { accounts, expiresUs: 2_000_000_000n } as unknown as ExchangeKeys;
}
const slot = (more: Partial<ExchangeSlot>): ExchangeSlot => ({ exchange, failuresInRow: 0, ...more });

describe('the state of an exchange', () => {
  it('shows restrictions as the exchange signed them, members that we do not read included', () => {
    const restrictions: JsonValue = [
      { type: 'regex', payto_regex: '/CH', human_hint: 'Swiss', human_hint_i18n: { de: 'Schweiz' } },
      { type: 'moon-phase' },
    ];
    const { debitRestrictions } = statusOf(slot({ keys: keysWith(restrictions) }), NOW_US);
    expect(debitRestrictions).toEqual({ 'payto://iban/DE1?receiver-name=E': restrictions });
  });

  it('shows an empty list as null: unrestricted', () => {
    const { debitRestrictions } = statusOf(slot({ keys: keysWith([]) }), NOW_US);
    expect(debitRestrictions).toEqual({ 'payto://iban/DE1?receiver-name=E': null });
  });

  it('goes on showing keys that are good beside the failure to get newer ones', () => {
    const error = keysFailure({ exchange, detail: 'unreachable' });
    const status = statusOf(slot({ keys: keysWith([]), lastFailure: { atUs: 0n, error } }), NOW_US);
    expect(status).toMatchObject({ keysExpiration: 2_000_000_000n, httpStatus: 0, code: 2010 });
    expect(status.hint).toMatch(/\(unreachable\)$/);
  });

  it('has the code of a time-out for an exchange that is silent', () => {
    const error = exchangeTimeout(exchange, 'keys');
    expect(statusOf(slot({ lastFailure: { atUs: 0n, error } }), NOW_US)).toMatchObject({
      httpStatus: 0,
      code: 2011,
      keysExpiration: undefined,
    });
  });

  it('names the planned time of the next download, and now while one is under way', () => {
    const nextUpdateUs = 5_000_000_000n;
    expect(statusOf(slot({ nextUpdateUs }), NOW_US).nextDownload).toBe(nextUpdateUs);
    const flight = new Promise<ExchangeKeys>(() => undefined);
    expect(statusOf(slot({ nextUpdateUs, flight }), NOW_US).nextDownload).toBe(NOW_US);
    expect(statusOf(slot({}), NOW_US).nextDownload).toBe(NOW_US);
  });
});
