// npm run bench: measures a backend of its own. The database is durable, because a payment that waits for no disk
// would make every number too good.
import { join } from 'node:path';

import { onStopSignal, runToEnd } from './lib/children.mjs';
import { prepare } from './lib/install.mjs';
import { inProject } from './lib/paths.mjs';
import { findFreePort } from './lib/ports.mjs';
import { startPostgres } from './lib/postgres.mjs';
import { claim } from './lib/run-file.mjs';
import { EXCHANGE_SCRIPT, startSandboxExchange } from './lib/sandbox-exchange.mjs';
import { makeTemporaryDirectory, removeTemporaryDirectory } from './lib/temporary.mjs';

const EXCHANGE_STOP_MS = 3_000;

prepare();
const interrupted = new Promise((resolve) => onStopSignal(resolve));
const directory = await makeTemporaryDirectory();
const claimed = await claim(directory);
let postgres;
let exchange;
let code = 1;
try {
  code = await Promise.race([measure(), interrupted]);
} catch (error) {
  process.stderr.write(`${error.message}\n`);
} finally {
  await exchange?.stop(EXCHANGE_STOP_MS);
  await postgres?.stop();
  claimed.release();
  await removeTemporaryDirectory(directory);
}
process.exit(code);

/** Starts what ours and the baselines share; the servers are started, and started again, by the bench itself. */
async function measure() {
  postgres = await startPostgres({ directory: join(directory, 'postgres'), durable: true });
  const facts = await startSandboxExchange({
    dataDirectory: directory,
    currency: 'KUDOS',
    port: await findFreePort('127.0.0.1'),
    env: process.env,
    onStart: (child) => {
      exchange = child;
      claimed.note('exchange', child.pid, EXCHANGE_SCRIPT);
    },
  });
  return runToEnd(inProject('dist', 'bench', 'main.js'), process.argv.slice(2), {
    ...process.env,
    BENCH_DATABASE_URL: postgres.url,
    BENCH_EXCHANGE: JSON.stringify(facts),
    BENCH_EXCHANGE_PID: String(exchange.pid),
    BENCH_DIRECTORY: directory,
  });
}
