import { BODY_MEMBER } from './orders-private-rows';
import { AnswerRow, codes, EndpointRows, ReferenceGroup } from './rows';

const BODY: readonly AnswerRow[] = [
  [400, 22],
  [400, 25, BODY_MEMBER],
  [400, 26],
  [413, 32],
];
const INSTANCE: readonly AnswerRow[] = codes(404, 2000, 2016);

/** management.md 3.2, 3.3 and 4.7. */
const CHALLENGES: readonly EndpointRows[] = [
  {
    endpoint: 'POST /challenge/{challenge_id}',
    section: 'management.md 3.2',
    answers: [[200], ...BODY, ...INSTANCE, [404, 2126], [410, 2129], [429, 2130], [502, 2128]],
    answerHeaders: ['retry-after'],
  },
  {
    endpoint: 'POST /challenge/{challenge_id}/confirm',
    section: 'management.md 3.3',
    answers: [[204], ...BODY, ...INSTANCE, [404, 2126], [409, 2125], [429, 2127], [500, 52]],
  },
  {
    endpoint: 'POST /instances/{id}/forgot-password',
    section: 'management.md 4.7',
    answers: [
      [202],
      [204],
      ...BODY,
      [400, 2602],
      [403, 2031],
      [403, 2131],
      ...INSTANCE,
      [404, 2126],
      [429, 2130],
    ],
    headers: ['taler-challenge-ids'],
  },
];

const OPERATIONS = 'test/e2e/mfa/operations.spec.ts';
const MANDATORY = 'test/e2e/mfa/mandatory.spec.ts';
const FORGOT = 'test/e2e/mfa/forgot-password.spec.ts';
const named = (file: string, suite: string, test: string) => ({ file, test: `${suite} ${test}` });
const ofOperations = (test: string) => named(OPERATIONS, 'protected operations', test);
const ofMandatory = (test: string) => named(MANDATORY, 'mandatory channels', test);

export const MANAGEMENT_MFA: ReferenceGroup = {
  title: 'Two-factor authentication',
  endpoints: CHALLENGES,
  choices: [
    {
      section: 'management.md 3.1, the binding',
      decision: 'a solved challenge serves once, for the same method, path, query and canonical body',
      shownBy: [
        ofOperations('POST private/accounts is not done when the request differs from the challenged one'),
        ofOperations('a solved challenge serves once: a repeat is asked for another code'),
        ofOperations('a solved challenge counts for the same request however its JSON is written'),
      ],
    },
    {
      section: 'management.md 3.1, listed challenges',
      decision: 'one that is not there is 404 (2126); one that is there and does not suffice leads to 202',
      shownBy: [
        ofOperations('POST private/token refuses challenges that are none: 404 with 2126'),
        ofOperations(
          'POST private/token is not done for a challenge that is not solved, which stays the same',
        ),
      ],
    },
    {
      section: 'management.md 3.1, times',
      decision: 'challenge 24 h, code 10 min, another one after 1 min, three attempts for each',
      shownBy: [
        named(
          'test/e2e/mfa/challenges.spec.ts',
          'challenges POST challenge/$ID',
          'sends a code and says until when it holds, and from when on another one is sent',
        ),
        named(
          'test/e2e/mfa/challenges.spec.ts',
          'challenges POST challenge/$ID/confirm',
          'allows three attempts for each code: 409 with 2125, then 429 with 2127 even for the right one',
        ),
      ],
    },
    {
      section: 'management.md 3.1, who is asked',
      decision:
        'without mandatory channels any one validated address; nobody without one; never the operator',
      shownBy: [
        ofOperations('asks for any one of two validated addresses, and one is enough'),
        ofOperations('POST private/token asks nothing of an instance without a validated address'),
        ofOperations('never asks the operator'),
      ],
    },
    {
      section: 'management.md 3.1, mandatory channels',
      decision: 'all of them, before an instance is created; until then private endpoints are 403 (2031)',
      shownBy: [
        ofMandatory(
          'POST instances asks for a code from every mandatory address before anything is created: 202',
        ),
        ofMandatory(
          'an instance whose addresses are not validated has all private endpoints shut but those that lead to validation: 403 with 2031',
        ),
      ],
    },
    {
      section: 'management.md 3.3, blocked accounts',
      decision: 'fifteen wrong codes block that operation of the account for an hour: 403 (2131)',
      shownBy: [
        ofOperations(
          'POST private/token blocks an account after fifteen wrong codes for an hour: 403 with 2131',
        ),
      ],
    },
    {
      section: 'management.md 4.7, usable channels',
      decision: 'validated addresses; all of them while none is',
      shownBy: [
        named(FORGOT, 'POST instances/$ID/forgot-password', 'trusts no other address while one is validated'),
        named(
          FORGOT,
          'POST instances/$ID/forgot-password',
          'asks without any credential for a code from any address of the instance: 202',
        ),
      ],
    },
    {
      section: 'management.md 4.7, the admin instance',
      decision: '403 (2031): its password is set by the operator',
      shownBy: [
        named(
          FORGOT,
          'POST instances/$ID/forgot-password',
          'is not for the admin instance, as admin: 403 with 2031',
        ),
      ],
    },
  ],
};
