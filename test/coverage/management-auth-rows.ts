import { BODY_MEMBER } from './orders-private-rows';
import { AnswerRow, codes, EndpointRows, never, ReferenceGroup } from './rows';

/** management.md 1.3 and 1.4: what every endpoint of an instance may answer. */
const INSTANCE: readonly AnswerRow[] = codes(404, 2000, 2016);
const MALFORMED_TOKEN = never('a malformed credential is 401 here as everywhere (2.1)');

/** management.md 2. */
const TOKENS: readonly EndpointRows[] = [
  {
    endpoint: 'POST /private/token',
    section: 'management.md 2.3',
    answers: [
      [200],
      [202],
      [400, 22],
      [400, 25, BODY_MEMBER],
      [400, 26],
      [400, 28],
      [401, 2015],
      [403, 16],
      ...INSTANCE,
      [413, 32],
      [500, 52],
    ],
  },
  {
    endpoint: 'DELETE /private/token',
    section: 'management.md 2.4',
    answers: [[204], [400, 26, MALFORMED_TOKEN], [401, 2015], ...INSTANCE, [500, 52]],
  },
  {
    endpoint: 'GET /private/tokens',
    section: 'management.md 2.5',
    answers: [[200], [204], [400, 26], [401, 2015], [403, 16], ...INSTANCE, [500, 53]],
    query: ['limit', 'offset'],
  },
  {
    endpoint: 'DELETE /private/tokens/{serial}',
    section: 'management.md 2.6',
    answers: [[204], [400, 26], [401, 2015], [403, 16], [404, 2042], ...INSTANCE, [500, 52]],
  },
];

const EVERY_ROUTE = 'test/e2e/auth/every-route.spec.ts';
const OLD_CLIENTS = 'test/e2e/auth/old-clients.spec.ts';
const LIMITS = 'test/e2e/auth/limits.spec.ts';
const named = (file: string, suite: string, test: string) => ({ file, test: `${suite} ${test}` });

export const MANAGEMENT_AUTH: ReferenceGroup = {
  title: 'Authentication',
  endpoints: TOKENS,
  choices: [
    {
      section: 'management.md 1.3 step 5',
      decision: 'the credential is judged before the body is read, also where it is a password',
      shownBy: [
        named(
          'test/e2e/auth/passwords.spec.ts',
          'checking a password',
          'comes before the body is looked at: who does not know it learns nothing about the body',
        ),
      ],
    },
    {
      section: 'management.md 2.1',
      decision:
        'a password that was set as `token` stays a bearer token, and the text behind the prefix the password',
      shownBy: [
        named(
          OLD_CLIENTS,
          'clients of before v19',
          'show the token that they set, and it opens everything of the instance; so does the password behind it (management/instances)',
        ),
      ],
    },
    {
      section: 'management.md 2.2',
      decision: 'scopes grant what the table says; tills may read products and categories, too',
      shownBy: [
        named(
          EVERY_ROUTE,
          'every route there is',
          'asks a token of the scope order-pos for the permission of the table, and for nothing else',
        ),
      ],
    },
    {
      section: 'management.md 2.3',
      decision: 'a duration of zero is 400 (26)',
      shownBy: [
        named(
          'test/e2e/auth/tokens.spec.ts',
          'login tokens by password',
          'name a malformed duration of {"scope":"readonly","duration":{"d_us":0}}: 400 with 26',
        ),
      ],
    },
    {
      section: 'management.md 2.7',
      decision: 'a new password revokes all tokens but the one used',
      shownBy: [
        named(
          'test/e2e/instances/auth-change.spec.ts',
          'changing the password of an instance POST private/auth',
          'revokes every token of the instance but the one used, at once, and none of others',
        ),
      ],
    },
    {
      section: 'management.md 18',
      decision: 'passwords are set by a command, `admin` included, which is made where it is missing',
      shownBy: [
        named(
          'test/e2e/auth/admin.spec.ts',
          'taler-merchant-admin',
          'makes the admin instance where it is missing, and sets its password where it is not',
        ),
      ],
    },
    {
      section: 'management.md 20',
      decision: 'every route asks for the permission of the table',
      shownBy: [named(EVERY_ROUTE, 'every route there is', 'stands in the table of the reference')],
    },
    {
      section: 'not in the reference',
      decision: 'too many wrong passwords are 429 (2015) with Retry-After; nothing else is limited',
      shownBy: [
        named(
          LIMITS,
          'guessing passwords',
          'is over for a while after ten wrong ones: 429 with Retry-After, also with the right one',
        ),
      ],
    },
  ],
};
