import { OTP, PRIVATE_ORDERS } from './orders-private-rows';
import { WALLET_ORDERS } from './orders-wallet-rows';
import { codes, EndpointRows, later, never, ReferenceGroup, TestName } from './rows';

/** orders.md 3. */
const CONFIG: readonly EndpointRows[] = [
  { endpoint: 'GET /config', section: 'orders.md 3', answers: [[200], [404, 2000]] },
];

const POLL_PARAMETERS = ['order_id', 'h_contract', 'session_id', 'timeout', 'refund', 'contract_url'];

/** orders.md 6. Its errors are those of the modern call; it names no codes itself. */
const LEGACY: readonly EndpointRows[] = [
  {
    endpoint: 'GET /public/poll-payment',
    section: 'orders.md 6',
    answers: [[200], ...codes(400, 25, 26), [404, 2005]],
    query: POLL_PARAMETERS,
  },
  {
    endpoint: 'GET /public/instances/{instance}/poll-payment',
    section: 'orders.md 6',
    answers: [[200], ...codes(400, 25, 26), ...codes(404, 2005, 2000)],
  },
];

const LIST_TESTS = { file: 'test/e2e/orders/list.spec.ts', suite: 'GET private/orders' };
const STATUS_TESTS = { file: 'test/e2e/orders/private-status.spec.ts', suite: 'GET private/orders/$ID' };
const DEADLINE_TESTS = {
  file: 'test/e2e/orders/create-order-refusals.spec.ts',
  suite: 'POST private/orders, deadlines and refusals deadlines',
};

const CREATE = 'POST /private/orders';
const REFUND = 'POST /private/orders/{order_id}/refund';
const PAY = 'POST /orders/{order_id}/pay';
const ABORT = 'POST /orders/{order_id}/abort';

/** orders.md 3 to 10, and its tables 11 and 13. */
export const ORDERS: ReferenceGroup = {
  title: 'Orders',
  endpoints: [...CONFIG, ...PRIVATE_ORDERS, ...WALLET_ORDERS, ...LEGACY],
  headersOfAll: {
    section: 'orders.md 9.5',
    names: ['host', 'x-forwarded-host', 'x-forwarded-proto', 'x-forwarded-prefix', 'x-forwarded-port'],
  },
  codes: {
    section: 'orders.md 11',
    rows: [
      [12],
      [20],
      [21],
      [22],
      [23],
      [25],
      [26],
      [30, never('13 no. 10: a currency that no exchange offers is 2514, a malformed one 26')],
      [32],
      [33, never('unknown parameters are ignored (2.3)')],
      [50, never('a server that finds no database does not start')],
      [51],
      [52],
      [53],
      [54],
      [55],
      [56],
      [60],
      [61],
      [62, never('amounts whose sum overflows are refused where they come in')],
      [2012],
      [2026, later('token families')],
      [2100, never('embedded in a status 200, where no tracking happens')],
      [2103, never('no exchange is asked while an order is read')],
      [2104, never('no exchange is asked while an order is read')],
      [2152, later('auditors')],
      [2800, never('embedded in a status 200: the sums of an order are bounded by its amount')],
    ],
  },
  choices: [
    {
      section: 'orders.md 13 no. 1',
      decision: 'a page has the newest 20 orders unless the query says otherwise',
      shownBy: [
        {
          file: 'test/e2e/faults/every-endpoint.spec.ts',
          test: 'the list of orders has the newest twenty unless more are asked for',
        },
      ],
    },
    {
      section: 'orders.md 13 no. 2',
      decision: 'the paid status has both `wire_reports` and `wire_groups`, empty',
      shownBy: [
        named(STATUS_TESTS, 'body of a paid order has every member of CheckPaymentPaidResponse and no other'),
      ],
    },
    {
      section: 'orders.md 13 no. 3',
      decision: 'a wrong claim token on a paid order is 403 (2105)',
      shownBy: ['GET /orders/{order_id} 403 2105'],
    },
    {
      section: 'orders.md 13 no. 4',
      decision: 'a refund of an unclaimed order is 404 (2005), of a claimed one 409 (2531)',
      shownBy: [`${REFUND} 404 2005`, `${REFUND} 409 2531`],
    },
    {
      section: 'orders.md 13 no. 5',
      decision: 'an exchange that does not answer in time is 504',
      shownBy: [`${PAY} 504 2011`, `${ABORT} 504 2011`],
    },
    {
      section: 'orders.md 13 no. 6',
      decision: 'an abort with a wrong hash is 403 (2255)',
      shownBy: [`${ABORT} 403 2255`],
    },
    {
      section: 'orders.md 13 no. 7',
      decision: 'a proof of payment with a wrong hash is 400 (2200)',
      shownBy: ['POST /orders/{order_id}/paid 400 2200'],
    },
    {
      section: 'orders.md 13 no. 8',
      decision: 'the refund delay counts from the pay deadline',
      shownBy: [named(DEADLINE_TESTS, 'counts the refund delay from the pay deadline')],
    },
    {
      section: 'orders.md 13 no. 9',
      decision: 'without refunds the wire delay counts from the pay deadline, and the result is rounded up',
      shownBy: [
        named(
          DEADLINE_TESTS,
          'allows no refunds with a refund delay of zero, and counts the wire delay from the pay deadline',
        ),
        named(DEADLINE_TESTS, 'rounds the computed wire deadline up to a boundary, the given one never'),
      ],
    },
    {
      section: 'orders.md 13 no. 10',
      decision: 'a currency that no exchange offers is 409 (2514), a malformed one 400 (26)',
      shownBy: [`${CREATE} 409 2514`, `${CREATE} 400 26`],
    },
    {
      section: 'orders.md 13 no. 11',
      decision: 'the exchanges that refuse an amount are listed as `exchange_rejections`',
      shownBy: [`${CREATE} 451 2513`],
    },
    {
      section: 'orders.md 13 no. 12',
      decision: 'the decimal quantities of an article out of stock',
      shownBy: later('inventory'),
    },
    {
      section: 'orders.md 13 no. 13',
      decision: 'an unpaid order with choices is listed with the amount of the first',
      shownBy: [named(LIST_TESTS, 'gives the amount of the first choice where nobody has chosen yet')],
    },
    {
      section: 'orders.md 13 no. 14',
      decision: '`max_age` is a number of seconds, "forever" or the relative time as JSON',
      shownBy: [
        named(LIST_TESTS, 'filters by ?limit=20&max_age=3600'),
        named(LIST_TESTS, 'filters by ?limit=20&max_age=forever'),
        named(LIST_TESTS, 'filters by ?limit=20&max_age=%7B%22d_us%22%3A0%7D'),
      ],
    },
    {
      section: 'orders.md 13 no. 15',
      decision: 'the same request with a given order id is 200 again, another one 409 (2503)',
      shownBy: [
        `${CREATE} 409 2503`,
        {
          file: 'test/e2e/orders/create-order.spec.ts',
          test: 'POST private/orders idempotency goes on doing so when the order is paid, and after all its deadlines',
        },
      ],
    },
    {
      section: 'orders.md 13 no. 16',
      decision: 'an order with deposits cannot be unclaimed: 404 (2300)',
      shownBy: ['POST /orders/{order_id}/unclaim 404 2300'],
    },
    {
      section: 'orders.md 13 no. 17',
      decision: 'bodies have a limit: 413 (32)',
      shownBy: ['POST /orders/{order_id}/claim 413 32'],
    },
    { section: 'orders.md 13 no. 18', decision: 'the time of OTP codes', shownBy: OTP },
  ],
};

function named(suite: { file: string; suite: string }, test: string): TestName {
  return { file: suite.file, test: `${suite.suite} ${test}` };
}
