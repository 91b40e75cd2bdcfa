/** Who may call: nobody is asked, any token of the instance, or one whose scope grants the permission. */
export type Wanted = 'public' | 'any token' | 'password or refresh' | string;

const P = ['private'] as const;
const M = ['management/instances'] as const;

/** management.md 20 and orders.md 4 to 7, row by row: methods, paths below the instance, what is wanted. */
const ROWS: readonly (readonly [methods: string, paths: readonly string[], wanted: Wanted])[] = [
  ['GET', ['config', 'exchanges', 'terms', 'privacy'], 'public'],
  ['POST', ['instances', 'instances/:id/forgot-password', 'forgot-password'], 'public'],
  ['POST', ['challenge/:challenge_id', 'challenge/:challenge_id/confirm'], 'public'],
  ['GET POST', ['templates/:template_id'], 'public'],
  ['GET', ['products/:image_hash/image'], 'public'],
  ['POST', ['reports/:report_id'], 'public'],
  ['POST', [`${P}/token`], 'password or refresh'],
  ['DELETE', [`${P}/token`], 'any token'],
  ['GET', [`${P}/tokens`], 'tokens-read'],
  ['DELETE', [`${P}/tokens/:serial`], 'tokens-write'],
  ['GET', [`${M}`], 'instances-read'],
  ['POST', [`${M}`], 'instances-write'],
  ['GET', [`${M}/:id`, `${P}`], 'instances-read'],
  ['PATCH', [`${M}/:id`, `${P}`], 'instances-token-write'],
  ['DELETE', [`${M}/:id`, `${P}`], 'instances-write'],
  ['POST', [`${M}/:id/auth`, `${P}/auth`], 'instances-auth-write'],
  ['GET', [`${M}/:id/kyc`, `${P}/kyc`], 'instances-kyc-read'],
  ['GET', [`${P}/accounts`, `${P}/accounts/:h_wire`], 'accounts-read'],
  ['POST', [`${P}/accounts`, `${P}/accept-tos-early`], 'accounts-write'],
  ['PATCH DELETE', [`${P}/accounts/:h_wire`], 'accounts-write'],
  ['POST', [`${P}/accounts/:h_wire/kycauth`], 'accounts-read'],
  ...collection('units', 'unit'),
  ...collection('categories', 'category_id'),
  ['GET', [`${P}/groups`], 'groups-read'],
  ['POST', [`${P}/groups`], 'groups-write'],
  ['PATCH DELETE', [`${P}/groups/:group_id`], 'groups-write'],
  ...collection('pots', 'pot_id'),
  ...collection('products', 'product_id'),
  ['GET', [`${P}/pos`], 'products-read'],
  ['POST', [`${P}/products/:product_id/lock`], 'inventory-lock'],
  ...collection('templates', 'template_id'),
  ...collection('otp-devices', 'device_id'),
  ...collection('webhooks', 'webhook_id'),
  ...collection('tokenfamilies', 'slug'),
  ['GET', [`${P}/transfers`, `${P}/incoming`, `${P}/incoming/:id`], 'transfers-read'],
  ['POST', [`${P}/transfers`], 'transfers-write'],
  ['DELETE', [`${P}/transfers/:transfer_id`], 'transfers-write'],
  ['GET', statistics(P[0]), 'statistics-read'],
  ['GET', statistics(`${M}/:id`), 'statistics-read'],
  ...collection('reports', 'report_id'),
  ['GET', [`${P}/donau`], 'donau-read'],
  ['POST', [`${P}/donau`], 'donau-write'],
  ['DELETE', [`${P}/donau/:serial`], 'donau-write'],
  ['GET', [`${P}/orders`, `${P}/orders/:order_id`], 'orders-read'],
  ['POST', [`${P}/orders`], 'orders-write'],
  ['PATCH', [`${P}/orders/:order_id/forget`], 'orders-write'],
  ['DELETE', [`${P}/orders/:order_id`], 'orders-write'],
  ['POST', [`${P}/orders/:order_id/refund`], 'orders-refund'],
  ['GET', ['orders/:order_id', 'sessions/:session_id'], 'public'],
  [
    'POST',
    ['claim', 'unclaim', 'pay', 'paid', 'abort', 'refund'].map((step) => `orders/:order_id/${step}`),
    'public',
  ],
  // Not of the reference: shops of 2019, operators, people who read the documentation.
  ['GET', ['public/poll-payment', 'public/instances/:instance/poll-payment'], 'public'],
  ['GET', ['healthz', 'readyz', 'metrics', 'openapi.json', 'docs'], 'public'],
  ['GET', ['start.js', 'swagger-ui.css', 'swagger-ui-bundle.js'].map((name) => `docs/${name}`), 'public'],
];

/** The usual five: list and read, create, change and remove. */
function collection(name: string, parameter: string): (readonly [string, readonly string[], Wanted])[] {
  return [
    ['GET', [`${P}/${name}`, `${P}/${name}/:${parameter}`], `${name}-read`],
    ['POST', [`${P}/${name}`], `${name}-write`],
    ['PATCH DELETE', [`${P}/${name}/:${parameter}`], `${name}-write`],
  ];
}

function statistics(below: string): string[] {
  return ['amount/:slug', 'counter/:slug', 'report/:name'].map((rest) => `${below}/statistics-${rest}`);
}

/** `GET private/orders/:` -> what is wanted; names of parameters are left out. */
export const WANTED: ReadonlyMap<string, Wanted> = new Map(
  ROWS.flatMap(([methods, paths, wanted]) =>
    methods
      .split(' ')
      .flatMap((method) => paths.map((path) => [`${method} ${withoutNames(path)}`, wanted] as const)),
  ),
);

export function withoutNames(path: string): string {
  return path.replace(/:\w+/g, ':');
}

const READS =
  `accounts categories donau groups instances instances-kyc orders otp-devices pots products reports
  statistics templates tokenfamilies tokens transfers units webhooks`
    .split(/\s+/)
    .map((name) => `${name}-read`);
const TILL = ['inventory-lock', 'products-read', 'categories-read'];

/** management.md 2.2: scope -> permissions, with what its pitfalls add; undefined: all of them. */
export const GRANTED: Readonly<Record<string, readonly string[] | undefined>> = {
  readonly: READS,
  write: undefined,
  all: undefined,
  spa: undefined,
  'order-simple': ['orders-read', 'orders-write'],
  'order-pos': ['orders-read', 'orders-write', ...TILL],
  'order-mgmt': ['orders-read', 'orders-write', 'orders-refund'],
  'order-full': ['orders-read', 'orders-write', 'orders-refund', ...TILL],
};
