// npm start: installs, builds, starts what the environment does not name, and serves until it is told to stop.
import { configurationFaults } from './lib/check-config.mjs';
import { onStopSignal, startChild } from './lib/children.mjs';
import { welcome } from './lib/welcome.mjs';
import { prepare } from './lib/install.mjs';
import { SERVER_SCRIPT } from './lib/merchant.mjs';
import { dataDirectory } from './lib/paths.mjs';
import { Stack } from './lib/stack.mjs';

/** Longer than the server gives itself; after that it hangs. */
const PRODUCTION_STOP_MS = 30_000;

prepare();
process.exit(process.env.NODE_ENV === 'production' ? await serveOnly() : await serveAll());

/** In production nothing is invented: the server alone, which names everything that is missing. */
async function serveOnly() {
  const server = startChild({ name: 'The server', script: SERVER_SCRIPT, env: process.env });
  onStopSignal(() => server.stop(PRODUCTION_STOP_MS));
  const { code } = await server.exited;
  return code;
}

async function serveAll() {
  const faults = configurationFaults(process.env);
  if (faults !== undefined) {
    process.stderr.write(`${faults}\n`);
    return 1;
  }
  const stack = new Stack({ dataDirectory: dataDirectory(), env: process.env });
  let signals = 0;
  const interrupted = new Promise((resolve) => {
    onStopSignal((code) => {
      signals += 1;
      if (signals > 1) stack.hurry();
      resolve(code);
    });
  });
  try {
    const facts = await Promise.race([stack.start(), interrupted]);
    // A number is the exit code of a signal that came before everything was up.
    if (typeof facts === 'number') {
      await stack.stop();
      return facts;
    }
    process.stdout.write(welcome({ ...facts, stack }));
    const end = await Promise.race([stack.ended, interrupted]);
    const code = await stack.stop();
    if (typeof end === 'number') return code;
    process.stderr.write(`${end}\n`);
    return 1;
  } catch (error) {
    process.stderr.write(`${error.message}\n`);
    await stack.stop();
    return 1;
  }
}
