import { codes, EndpointRows, later, never } from './rows';

export const BODY_MEMBER = never(
  'a missing body member is 26 here, which 2.3 recommends; 25 is for parameters of the query',
);
export const INVENTORY = later('inventory');
export const OTP = later('OTP devices');
export const TOKEN_FAMILIES = later('token families');
export const HASH_IS_STORED = never('the hash is stored with the claim: nothing is hashed again');
const TRACKING = never(
  'registered with status 200: it would only be embedded, and no exchange is asked in this request',
);

/** orders.md 4: what the shop calls. */
export const PRIVATE_ORDERS: readonly EndpointRows[] = [
  {
    endpoint: 'POST /private/orders',
    section: 'orders.md 4.1',
    answers: [
      [200],
      [400, 22],
      [400, 25, BODY_MEMBER],
      ...codes(400, 26, 12, 2502, 2504, 2505, 2506, 2507, 2508),
      ...codes(404, 2000, 2500),
      [404, 2006],
      [404, 2021],
      [404, 2533],
      [501, 2028],
      ...codes(409, 2503, 2509, 2514),
      [409, 2534, TOKEN_FAMILIES],
      [410, undefined, INVENTORY],
      [451, 2513],
      ...codes(500, 51, 52, 53, 54, 55),
      [500, 2501, never('JavaScript always knows the time')],
      [500, 61, never('an order that cannot be hashed is the doing of the shop: 2502')],
    ],
  },
  {
    endpoint: 'GET /private/orders',
    section: 'orders.md 4.2',
    answers: [
      [200],
      [400, 26],
      [404, 2000],
      [406, 78],
      [500, 53],
      [501, 2048],
      [200, 2100, TRACKING],
      [200, 2800, TRACKING],
    ],
    query: [
      'paid',
      'refunded',
      'wired',
      'limit',
      'offset',
      'delta',
      'start',
      'date_s',
      'max_age',
      'timeout_ms',
      'session_id',
      'fulfillment_url',
      'summary_filter',
    ],
    headers: ['accept'],
  },
  {
    endpoint: 'GET /private/orders/{order_id}',
    section: 'orders.md 4.3',
    answers: [
      [200],
      [304],
      ...codes(400, 26, 23),
      ...codes(404, 2005, 2000),
      ...codes(500, 53, 56, 2008, 2107),
      [500, 61, HASH_IS_STORED],
    ],
    query: ['session_id', 'timeout_ms', 'lp_not_etag', 'allow_refunded_for_repurchase', 'transfer'],
    headers: ['if-none-match'],
    answerHeaders: ['etag'],
  },
  {
    endpoint: 'DELETE /private/orders/{order_id}',
    section: 'orders.md 4.4',
    answers: [
      [204],
      [401, 2015],
      ...codes(404, 2005, 2000),
      ...codes(409, 2520, 2521),
      [500, 54],
      [500, 60, never('a bug by definition: nothing that can be sent or stored leads to it')],
    ],
    query: ['force'],
  },
  {
    endpoint: 'PATCH /private/orders/{order_id}/forget',
    section: 'orders.md 4.5',
    answers: [
      [200],
      [204],
      ...codes(400, 2510, 26),
      ...codes(404, 2005, 2000),
      [409, 2511],
      ...codes(500, 51, 53, 54),
    ],
  },
  {
    endpoint: 'POST /private/orders/{order_id}/refund',
    section: 'orders.md 4.6',
    answers: [
      [200],
      [400, 22],
      [400, 25, BODY_MEMBER],
      [400, 26],
      [403, 2532],
      ...codes(404, 2005, 2000),
      ...codes(409, 2531, 2530, 2024),
      [410, 2169],
      [451, 2512],
      ...codes(500, 51, 53, 54, 56, 2008),
      [500, 61, HASH_IS_STORED],
    ],
  },
];
