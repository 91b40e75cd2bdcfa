/** The arrows of docs/architecture.md: who may import whom. Checked by `npm run arrows` and in CI. */
const feature = (name, allowed) => ({
  name: `${name}-arrows`,
  comment: `src/${name} may only import ${['taler', 'platform', ...allowed].join(', ')}`,
  severity: 'error',
  from: { path: `^src/${name}/` },
  to: {
    path: '^src/',
    pathNot: `^src/(${['taler', 'platform', name, ...allowed].join('|')})/`,
  },
});

module.exports = {
  forbidden: [
    { name: 'no-circular', severity: 'error', from: {}, to: { circular: true } },
    {
      name: 'taler-is-pure',
      comment: 'the protocol knows no framework, no database, no network, no clock',
      severity: 'error',
      from: { path: '^src/taler/', pathNot: '\\.spec\\.ts$' },
      to: { pathNot: '^(src/taler/|crypto$|node:crypto$|node_modules/tweetnacl/)' },
    },
    {
      name: 'platform-knows-no-feature',
      severity: 'error',
      from: { path: '^src/platform/' },
      to: { path: '^src/', pathNot: '^src/(taler|platform)/' },
    },
    feature('crypto', []),
    feature('exchange', []),
    feature('instances', ['crypto', 'exchange']),
    feature('auth', ['crypto', 'exchange', 'instances']),
    feature('provisioning', ['crypto', 'exchange', 'instances', 'auth']),
    feature('mfa', ['crypto', 'exchange', 'instances', 'auth', 'pages']),
    {
      name: 'admin-arrows',
      comment: 'the command line uses what the HTTP side uses; nobody uses the command line',
      severity: 'error',
      from: { path: '^src/admin/' },
      to: {
        path: '^src/',
        pathNot:
          '^src/((taler|platform|crypto|exchange|instances|auth|mfa|provisioning|admin)/|entities\\.ts$)',
      },
    },
    {
      name: 'nobody-imports-admin',
      severity: 'error',
      from: { path: '^src/(?!admin/)' },
      to: { path: '^src/admin/' },
    },
    feature('kyc', ['crypto', 'exchange', 'instances']),
    feature('pages', []),
    feature('orders', ['crypto', 'exchange', 'instances', 'pages']),
    feature('payments', ['crypto', 'exchange', 'instances', 'orders']),
    feature('refunds', ['crypto', 'exchange', 'instances', 'orders', 'payments']),
    {
      name: 'src-never-imports-sandbox-or-tests',
      severity: 'error',
      from: { path: '^src/', pathNot: '\\.spec\\.ts$' },
      to: { path: '^(sandbox|test|bench)/' },
    },
    {
      name: 'sandbox-uses-only-the-protocol',
      comment: 'the sandbox is a product of its own: it shares src/taler and nothing else',
      severity: 'error',
      from: { path: '^sandbox/', pathNot: '\\.spec\\.ts$' },
      to: { path: '^(src|test)/', pathNot: '^src/taler/' },
    },
    {
      name: 'nobody-imports-entities-of-another-feature',
      severity: 'error',
      from: { path: '^src/([^/]+)/', pathNot: '\\.spec\\.ts$' },
      to: { path: '\\.entity\\.ts$', pathNot: '^src/($1|platform)/' },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsConfig: { fileName: 'tsconfig.json' },
    tsPreCompilationDeps: true,
  },
};
