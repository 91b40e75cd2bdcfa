import { BODY_MEMBER } from './orders-private-rows';
import { AnswerRow, codes, EndpointRows, never, NameRow, ReferenceGroup } from './rows';

const PER_ENTRY = never('before v17; since then trouble of an exchange is reported per entry, with 200');

const BODY: readonly AnswerRow[] = [
  [400, 22],
  [400, 25, BODY_MEMBER],
  [400, 26],
  [413, 32],
];
const DOORS: readonly AnswerRow[] = [[401, 2015], [403, 16], ...codes(404, 2000, 2016)];

const STATUS: readonly AnswerRow[] = [
  [200],
  [204],
  [304],
  ...codes(400, 23, 26, 2023),
  ...DOORS,
  [404, 2022],
  [406, 78],
  [500, 53],
  [501, 2048],
  [502, undefined, PER_ENTRY],
  [504, undefined, PER_ENTRY],
];
const QUERY: readonly NameRow[] = [
  'h_wire',
  'exchange_url',
  'timeout_ms',
  'lpt',
  'lp_status',
  'lp_not_status',
  'lp_not_etag',
];
const HEADERS = { headers: ['accept', 'if-none-match'], answerHeaders: ['etag', 'vary'] };

const AUTH = 'POST /private/accounts/{h_wire}/kycauth';
const EARLY = 'POST /private/accept-tos-early';
const OWN = 'GET /private/kyc';
const ENDPOINTS: readonly EndpointRows[] = [
  {
    endpoint: AUTH,
    section: 'management.md 6.7',
    answers: [
      [200],
      ...BODY,
      ...codes(400, 2023, 2025),
      ...DOORS,
      [404, 2022],
      [409, 2628],
      [502, 2275, never('subjects are the key itself: no bank gateway is asked for short ones')],
      ...codes(502, 2276, 2277),
    ],
  },
  {
    endpoint: EARLY,
    section: 'management.md 6.8',
    answers: [[204], ...BODY, [400, 2025], ...DOORS, ...codes(500, 52, 54, 55)],
  },
  { endpoint: OWN, section: 'management.md 7', answers: STATUS, query: QUERY, ...HEADERS },
  {
    endpoint: 'GET /management/instances/{id}/kyc',
    section: 'management.md 7',
    answers: STATUS,
    query: QUERY,
    ...HEADERS,
  },
];

const WAITING = 'test/e2e/kyc/waiting.spec.ts';

/** management.md 6.7, 6.8 and 7. */
export const MANAGEMENT_KYC: ReferenceGroup = {
  title: 'KYC',
  endpoints: ENDPOINTS,
  choices: [
    {
      section: 'management.md 6.7',
      decision: 'an exchange that does not say how much to wire (tiny_amount) is too old (2276)',
      shownBy: [`${AUTH} 502 2276`],
    },
    {
      section: 'management.md 6.8',
      decision: 'terms of an exchange that is not trusted are refused (2025)',
      shownBy: [`${EARLY} 400 2025`],
    },
    {
      section: 'management.md 7',
      decision:
        'timeout_ms without a condition waits until an entry is ready; of several conditions the first counts',
      shownBy: [
        {
          file: WAITING,
          test: 'waiting for KYC with a real exchange ends as soon as the exchange sees the transfer, in all processes, whatever was waited for',
        },
        {
          file: WAITING,
          test: 'waiting for KYC with a real exchange answers at once where the condition holds already',
        },
      ],
    },
  ],
};
