import {
  AmountField,
  BoolField,
  IntField,
  ListField,
  TextField,
  TimestampField,
} from '../../platform/http/fields';
import {
  queryFilter,
  queryInteger,
  queryText,
  queryTimeoutMs,
  type RawQuery,
} from '../../platform/http/query';
import type { QueryParameter } from '../../platform/openapi/answers';
import { WAIT, YES_NO } from '../../platform/openapi/named-schemas';
import { malformedParameter } from '../../platform/http/malformed';
import { FOREVER, parseRelativeTime, RelativeTime, SECOND_US, Timestamp } from '../../taler/timestamp';

/** Most rows of a page; larger wishes are cut (orders.md 4.2). */
const PAGE_LENGTH_MAX = 1024n;
const PAGE_LENGTH_DEFAULT = -20n;
const INT64_MAX = 9_223_372_036_854_775_807n;
const SECONDS_MAX = INT64_MAX / SECOND_US;

/** The query of `GET private/orders` (orders.md 4.2). */
export interface ListOrdersQuery {
  readonly paid: boolean | undefined;
  readonly refunded: boolean | undefined;
  readonly wired: boolean | undefined;
  /** Newest first below zero, oldest first above; zero: nothing. */
  readonly limit: number;
  /** Exclusive start. */
  readonly offset: bigint | undefined;
  readonly date: Timestamp | undefined;
  readonly maxAge: RelativeTime | undefined;
  readonly sessionId: string | undefined;
  readonly fulfillmentUrl: string | undefined;
  /** Part of the summary, in whatever case. */
  readonly summaryFilter: string | undefined;
  /** How long to wait for the first order that matches. */
  readonly timeoutMs: number;
}

/** @throws TalerError GENERIC_PARAMETER_MALFORMED naming the parameter */
export function parseListQuery(query: RawQuery): ListOrdersQuery {
  const length = { minimum: -INT64_MAX, maximum: INT64_MAX };
  const start = { minimum: 0n, maximum: INT64_MAX };
  const limitName = query['limit'] === undefined && query['delta'] !== undefined ? 'delta' : 'limit';
  const limit = queryInteger(query, limitName, length) ?? PAGE_LENGTH_DEFAULT;
  const cut = limit < 0n ? -PAGE_LENGTH_MAX : PAGE_LENGTH_MAX;
  const seconds = queryInteger(query, 'date_s', { minimum: 0n, maximum: SECONDS_MAX });
  return {
    paid: queryFilter(query, 'paid'),
    refunded: queryFilter(query, 'refunded'),
    wired: queryFilter(query, 'wired'),
    limit: Number(limit / cut > 0n ? cut : limit),
    offset: queryInteger(query, 'offset', start) ?? queryInteger(query, 'start', start),
    date: seconds === undefined ? undefined : seconds * SECOND_US,
    maxAge: parseMaxAge(query),
    sessionId: queryText(query, 'session_id'),
    fulfillmentUrl: queryText(query, 'fulfillment_url'),
    summaryFilter: queryText(query, 'summary_filter'),
    timeoutMs: queryTimeoutMs(query),
  };
}

/** Seconds, "forever", or the JSON of a relative time (orders.md 13 no. 14). */
function parseMaxAge(query: RawQuery): RelativeTime | undefined {
  const text = queryText(query, 'max_age');
  if (text === undefined) return undefined;
  if (text === 'forever') return FOREVER;
  if (/^\d{1,12}$/.test(text)) return BigInt(text) * SECOND_US;
  try {
    const age = parseRelativeTime(JSON.parse(text));
    if (age !== undefined) return age;
  } catch {
    // falls through: it is neither of the forms
  }
  throw malformedParameter('max_age');
}

const WHOLE = { type: 'integer' } as const;

export const LIST_PARAMETERS: readonly QueryParameter[] = [
  { name: 'paid', description: 'yes, no or all (the default)', schema: YES_NO },
  { name: 'refunded', description: 'any refund granted: yes, no or all (the default)', schema: YES_NO },
  { name: 'wired', description: 'wired by the exchange: yes, no or all (the default)', schema: YES_NO },
  {
    name: 'limit',
    description: 'rows; negative: newest first. Default -20, at most 1024 either way; 0: none',
    schema: WHOLE,
  },
  { name: 'offset', description: 'exclusive start, a row_id', schema: WHOLE },
  { name: 'delta', description: 'old name of limit', schema: WHOLE },
  { name: 'start', description: 'old name of offset', schema: WHOLE },
  { name: 'date_s', description: 'created not before (ascending), not after (descending)', schema: WHOLE },
  { name: 'max_age', description: 'with a positive limit: only younger ones; seconds, "forever" or JSON' },
  { name: 'session_id', description: 'only of this browser session' },
  { name: 'fulfillment_url', description: 'only with exactly this URL' },
  { name: 'summary_filter', description: 'only with this in the summary, in whatever case' },
  {
    name: 'timeout_ms',
    description: 'an empty page waits for the first order that matches, at most 5 minutes',
    schema: WAIT,
  },
];

/** OrderHistoryEntry (orders.md 4.2). */
export class OrderHistoryEntry {
  @TextField({ lengthMax: 128 })
  order_id!: string;
  @IntField({ description: 'paging key; stays for the life of the order' })
  row_id!: number;
  @TimestampField()
  timestamp!: object;
  @AmountField()
  amount!: string;
  @TextField()
  summary!: string;
  @BoolField({ description: 'paid, within the refund deadline, and not refunded wholly' })
  refundable!: boolean;
  @BoolField()
  paid!: boolean;
  @AmountField({ optional: true, description: 'granted in all' })
  refund_amount?: string;
  @AmountField({ optional: true, description: 'granted and not collected by the wallet' })
  pending_refund_amount?: string;
}

/** OrderHistory (orders.md 4.2). */
export class OrderHistory {
  @ListField(() => OrderHistoryEntry, { lengthMax: Number(PAGE_LENGTH_MAX) })
  orders!: OrderHistoryEntry[];
}
