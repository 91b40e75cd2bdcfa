// npm run demo: one payment from the order to the receipt, against a stack of its own that is deleted afterwards.
import { prepare } from './lib/install.mjs';
import { runAgainstStack } from './lib/isolated.mjs';
import { inProject } from './lib/paths.mjs';

prepare();
process.exit(
  await runAgainstStack({
    script: inProject('dist', 'sandbox', 'demo', 'main.js'),
    args: process.argv.slice(2),
    durable: false,
    environmentFor: ({ origin, shopToken, exchange }) => ({
      DEMO_MERCHANT_URL: `${origin}/instances/shop/`,
      DEMO_TOKEN: shopToken,
      DEMO_EXCHANGE_URL: exchange.base_url,
    }),
  }),
);
