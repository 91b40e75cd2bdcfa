// npm run bench: measures a stack of its own. The database is durable, because a payment that waits for no disk
// would make every number too good.
import { prepare } from './lib/install.mjs';
import { runAgainstStack } from './lib/isolated.mjs';
import { inProject } from './lib/paths.mjs';

prepare();
process.exit(
  await runAgainstStack({
    script: inProject('dist', 'bench', 'main.js'),
    args: process.argv.slice(2),
    durable: true,
    // One log line per request would be measured too.
    settings: { LOG_LEVEL: 'warn', ...(process.env.WORKERS ? { WORKERS: process.env.WORKERS } : {}) },
    environmentFor: ({ origin, adminToken, shopToken, exchange, databaseUrl }) => ({
      BENCH_MERCHANT_URL: `${origin}/instances/shop/`,
      BENCH_TOKEN: shopToken,
      BENCH_ADMIN_TOKEN: adminToken,
      BENCH_EXCHANGE_URL: exchange.base_url,
      BENCH_DATABASE_URL: databaseUrl,
    }),
  }),
);
