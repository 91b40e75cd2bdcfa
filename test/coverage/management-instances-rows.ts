import { BODY_MEMBER } from './orders-private-rows';
import { AnswerRow, codes, EndpointRows, never, ReferenceGroup } from './rows';

const OPERATOR = never('the operator acts for others and is not challenged (3.1)');
const REGISTRY = never('a bug by definition: nothing that can be sent or stored leads to it');

/** management.md 1.3 and 1.4: what every endpoint of an instance behind a token may answer. */
const OWN_DOORS: readonly AnswerRow[] = [[401, 2015], [403, 16], ...codes(404, 2000, 2016)];
/** The same of the admin's, which names the instance itself. */
const ADMIN_DOORS: readonly AnswerRow[] = [
  [401, 2015],
  [403, 16],
];
const BODY: readonly AnswerRow[] = [
  [400, 22],
  [400, 25, BODY_MEMBER],
  [400, 26],
  [413, 32],
];

/** management.md 4. */
const INSTANCES: readonly EndpointRows[] = [
  {
    endpoint: 'POST /instances',
    section: 'management.md 4.2',
    answers: [
      [200],
      [202],
      [204],
      ...BODY,
      [400, 2601],
      [403, 2015],
      ...codes(409, 2600, 2603),
      ...codes(500, 51, 52, 54),
    ],
    query: ['token_validity_ms'],
  },
  {
    endpoint: 'POST /management/instances',
    section: 'management.md 4.3',
    answers: [
      [200],
      [202, undefined, OPERATOR],
      [204],
      ...BODY,
      [400, 2601],
      ...ADMIN_DOORS,
      ...codes(409, 2600, 2603),
      ...codes(500, 51, 52, 54),
    ],
    query: ['token_validity_ms'],
  },
  {
    endpoint: 'GET /management/instances',
    section: 'management.md 4.4',
    answers: [[200], ...ADMIN_DOORS, [500, 53]],
  },
  {
    endpoint: 'GET /management/instances/{id}',
    section: 'management.md 4.5',
    answers: [[200], ...ADMIN_DOORS, [404, 2000], [500, 53]],
  },
  { endpoint: 'GET /private', section: 'management.md 4.5', answers: [[200], ...OWN_DOORS, [500, 53]] },
  {
    endpoint: 'POST /management/instances/{id}/auth',
    section: 'management.md 4.6',
    answers: [
      [202, undefined, OPERATOR],
      [204],
      ...BODY,
      [400, 2602],
      ...ADMIN_DOORS,
      [403, 2031, OPERATOR],
      [404, 2000],
      ...codes(500, 51, 53, 54),
    ],
  },
  {
    endpoint: 'POST /private/auth',
    section: 'management.md 4.6',
    answers: [[202], [204], ...BODY, [400, 2602], ...OWN_DOORS, [403, 2031], ...codes(500, 51, 53, 54)],
  },
  {
    endpoint: 'PATCH /management/instances/{id}',
    section: 'management.md 4.8',
    answers: [[204], ...BODY, ...ADMIN_DOORS, [404, 2000], [409, 2625], ...codes(500, 51, 52)],
  },
  {
    endpoint: 'PATCH /private',
    section: 'management.md 4.8',
    answers: [[204], ...BODY, ...OWN_DOORS, [409, 2625], ...codes(500, 51, 52)],
  },
  {
    endpoint: 'DELETE /management/instances/{id}',
    section: 'management.md 4.9',
    answers: [
      [202, undefined, OPERATOR],
      [204],
      [400, 26],
      ...ADMIN_DOORS,
      [404, 2000],
      [409, 2625],
      [500, 52],
    ],
    query: ['purge'],
  },
  {
    endpoint: 'DELETE /private',
    section: 'management.md 4.9',
    answers: [[202], [204], [400, 26], [401, 2015], [403, 16], [404, 2000], [409, 2625], [500, 52]],
    query: ['purge'],
  },
];

const LEGAL_HEADERS = [
  'content-type',
  'content-language',
  'etag',
  'taler-terms-version',
  'avail-languages',
  'vary',
  'expires',
  'cache-control',
];

/** management.md 5. `GET /config` stands with the orders, which have it too (orders.md 3). */
const PUBLIC: readonly EndpointRows[] = [
  {
    endpoint: 'GET /exchanges',
    section: 'management.md 5.2',
    answers: [[200], [500, 53, never('answered from memory')]],
  },
  {
    endpoint: 'GET /terms',
    section: 'management.md 5.3',
    answers: [[200], [304], [501]],
    headers: ['accept', 'accept-language', 'if-none-match'],
    answerHeaders: LEGAL_HEADERS,
  },
  {
    endpoint: 'GET /privacy',
    section: 'management.md 5.3',
    answers: [[200], [304], [501]],
    headers: ['accept', 'accept-language', 'if-none-match'],
    answerHeaders: LEGAL_HEADERS,
  },
];

/** management.md 6.1 to 6.6. */
const ACCOUNTS: readonly EndpointRows[] = [
  {
    endpoint: 'POST /private/accounts',
    section: 'management.md 6.2',
    answers: [
      [200],
      [202],
      ...BODY,
      [400, 24],
      ...OWN_DOORS,
      [403, 2031],
      [409, 2627],
      ...codes(500, 52, 53, 54, 55),
      [500, 56, REGISTRY],
    ],
  },
  {
    endpoint: 'PATCH /private/accounts/{h_wire}',
    section: 'management.md 6.3',
    answers: [[204], ...BODY, [400, 2023], ...OWN_DOORS, [404, 2022], [500, 52], [500, 60, REGISTRY]],
  },
  {
    endpoint: 'GET /private/accounts',
    section: 'management.md 6.4',
    answers: [[200], ...OWN_DOORS, [500, 53]],
  },
  {
    endpoint: 'GET /private/accounts/{h_wire}',
    section: 'management.md 6.5',
    answers: [[200], [400, 2023], ...OWN_DOORS, [404, 2022], [406, 78], [500, 53]],
    headers: ['accept'],
  },
  {
    endpoint: 'DELETE /private/accounts/{h_wire}',
    section: 'management.md 6.6',
    answers: [
      [204],
      [400, 2023],
      ...OWN_DOORS,
      [404, 2022],
      [404, 2626, never('older code; the newer 2022 is answered')],
      [500, 52],
    ],
  },
];

const DELETE = 'DELETE /management/instances/{id}';
const ADD_ACCOUNT = 'POST /private/accounts';

/** management.md 4, 5 and 6.1 to 6.6. */
export const MANAGEMENT_INSTANCES: ReferenceGroup = {
  title: 'Instances, accounts, public configuration',
  endpoints: [...INSTANCES, ...PUBLIC, ...ACCOUNTS],
  choices: [
    {
      section: 'management.md 4.9',
      decision:
        'delete and purge wait for payments on their way; a purge for paid contracts, if so configured',
      shownBy: [`${DELETE} 409 2625`],
    },
    {
      section: 'management.md 6.1',
      decision: 'what is no payto is 24; a good one that this server does not take is 26',
      shownBy: [`${ADD_ACCOUNT} 400 24`, `${ADD_ACCOUNT} 400 26`],
    },
    {
      section: 'management.md 6.5',
      decision: 'what cannot be produced for Accept is 406 with a body (78)',
      shownBy: ['GET /private/accounts/{h_wire} 406 78'],
    },
  ],
};
