import { isAwaited, KycConditions, parseKycQuery } from './kyc-query';
import type { KycEntry } from './kyc-entry';

const entry = (status: KycEntry['status'], more: Partial<KycEntry> = {}): KycEntry => ({
  status,
  payto_uri: 'payto://iban/DE75512108001245126199?receiver-name=Shop',
  h_wire: '',
  exchange_url: 'http://exchange.example/',
  exchange_currency: 'KUDOS',
  exchange_http_status: 200,
  no_keys: false,
  auth_conflict: false,
  ...more,
});
const READY = entry('ready', { access_token: 'T' });
const WIRE = entry('kyc-wire-required', { exchange_http_status: 404 });
const REVIEW = entry('awaiting-aml-review', { access_token: 'T' });
const REQUIRED = entry('kyc-required', { exchange_http_status: 202, access_token: 'T' });
const NONE: KycConditions = { lpt: undefined, status: undefined, notStatus: undefined, notTag: undefined };

describe('the end of a wait (management.md 7)', () => {
  const rows: readonly (readonly [string, Partial<KycConditions>, KycEntry[], boolean])[] = [
    ['no condition, nothing there', {}, [], false],
    ['no condition, not ready', {}, [REQUIRED], false],
    ['no condition, one ready', {}, [REQUIRED, READY], true],
    ['lpt=1, no token', { lpt: 1 }, [WIRE], false],
    ['lpt=1, a token', { lpt: 1 }, [WIRE, REQUIRED], true],
    ['lpt=1, no KYC at all', { lpt: 1 }, [entry('ready', { exchange_http_status: 204 })], true],
    ['lpt=2, under review', { lpt: 2 }, [REVIEW], false],
    ['lpt=2, not known at all', { lpt: 2 }, [WIRE], false],
    ['lpt=2, reviewed', { lpt: 2 }, [REQUIRED], true],
    ['lpt=3, required', { lpt: 3 }, [REQUIRED], false],
    ['lpt=3, ready', { lpt: 3 }, [READY], true],
    ['lp_status, another', { status: 'kyc-required' }, [READY, WIRE], false],
    ['lp_status, one of them', { status: 'kyc-required' }, [READY, REQUIRED], true],
    ['lp_not_status, all the same', { notStatus: 'ready' }, [READY, READY], false],
    ['lp_not_status, one differs', { notStatus: 'ready' }, [READY, WIRE], true],
    ['lp_not_status, nothing there', { notStatus: 'ready' }, [], false],
    ['lp_not_etag, the same', { notTag: 'tag' }, [READY], false],
    ['lp_not_etag, another', { notTag: 'old' }, [READY], true],
    ['two conditions, none holds', { notTag: 'tag', status: 'ready' }, [WIRE], false],
    ['two conditions, one holds', { notTag: 'tag', status: 'ready' }, [READY], true],
  ];
  it.each(rows)('%s', (_name, until, entries, expected) => {
    expect(isAwaited({ ...NONE, ...until }, entries, 'tag')).toBe(expected);
  });
});

describe('the query', () => {
  it('takes tags quoted or bare, exchanges however they are spelt, and lpt=0 for none', () => {
    const query = { lp_not_etag: 'W/"abc"', exchange_url: 'HTTP://Exchange.Example:80', lpt: '0' };
    expect(parseKycQuery(query)).toEqual({
      hWire: undefined,
      exchangeUrl: 'http://exchange.example/',
      timeoutMs: 0,
      until: { ...NONE, notTag: 'abc' },
    });
  });
});
