import type { KycEntry } from './kyc-entry';
import type { AccountLimit } from './kyc-record';

const MEANING: Readonly<Record<KycEntry['status'], string>> = {
  'no-exchange-keys': 'the exchange has not sent its keys yet',
  'kyc-wire-impossible': 'a wire transfer would have to prove who owns the account, and none is possible',
  'kyc-wire-required': 'a wire transfer must prove who owns the account',
  'kyc-required': 'the exchange wants to know its customer',
  'awaiting-aml-review': 'the exchange reviews the account',
  ready: 'payments can be received',
  'logic-bug': 'this server and the exchange do not understand each other',
  'merchant-internal-error': 'this server failed',
  'exchange-internal-error': 'the exchange failed',
  'exchange-gateway-timeout': 'the exchange cannot be reached behind its gateway',
  'exchange-unreachable': 'the exchange does not answer',
  'exchange-status-invalid': 'the exchange answers what makes no sense',
  'unsupported-account': 'the exchange does not wire to this account',
};

/** The entries for people (management.md 7, v25): what the JSON says, one line for each fact. */
export function toKycText(entries: readonly KycEntry[]): string {
  return entries.map(toParagraph).join('\n');
}

function toParagraph(entry: KycEntry): string {
  const { status, access_token: token, limits = [], payto_kycauths: transfers = [] } = entry;
  const lines: (readonly [string, string | undefined])[] = [
    ['Account', entry.payto_uri],
    ['Exchange', `${entry.exchange_url} (${entry.exchange_currency})`],
    ['Status', `${status}: ${MEANING[status]}`],
    ['Answer of the exchange', answerOf(entry)],
    ['Form', token && status !== 'ready' ? `${entry.exchange_url}kyc-spa/${token}` : undefined],
    ['Terms must be accepted', entry.tos_required ? 'yes' : undefined],
    ['Terms accepted early', entry.tos_accepted_early],
    ...transfers.map((payto) => ['Transfer', payto] as const),
    ...limits.map((limit) => ['Limit', toLimit(limit)] as const),
  ];
  return lines
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `${name}: ${value}\n`)
    .join('');
}

function answerOf({ exchange_http_status: status, exchange_code: code }: KycEntry): string | undefined {
  if (status === 0) return undefined;
  return code === undefined ? String(status) : `${status}, code ${code}`;
}

const US_PER_HOUR = 3_600_000_000;

function toLimit({ operation_type, threshold, timeframe, soft_limit }: AccountLimit): string {
  const { d_us: span } = timeframe;
  const time = span === 'forever' ? 'in all' : `within ${span / US_PER_HOUR} hours`;
  return `${operation_type} ${threshold} ${time}${soft_limit ? ', more with KYC' : ''}`;
}
