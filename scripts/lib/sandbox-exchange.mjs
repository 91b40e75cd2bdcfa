import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { startChild } from './children.mjs';
import { inProject } from './paths.mjs';
import { findFreePort, isPortFree } from './ports.mjs';

export const EXCHANGE_SCRIPT = inProject('dist', 'sandbox', 'exchange', 'main.js');

const HOST = '127.0.0.1';
const PORT_PREFERRED = 9967;
/** The first start makes RSA keys of a whole currency. */
const START_TIMEOUT_MS = 120_000;

/**
 * Starts the sandbox exchange as a process of its own and waits until it listens. Its data (keys, deposits) stay
 * in dataDirectory/exchange; dataDirectory/sandbox-exchange.json tells the wallet command where it is.
 *
 * @param port a fixed port; absent: the port of the first start
 * @param onStart called with the child as soon as there is one
 * @returns { base_url, master_pub, currency }
 * @throws Error with the end of its log when it does not come up
 */
export async function startSandboxExchange({ dataDirectory, currency, port, env, onStart }) {
  const home = join(dataDirectory, 'exchange');
  mkdirSync(home, { recursive: true });
  const at = port ?? (await stablePort(dataDirectory));
  const child = startChild({
    name: 'The sandbox exchange',
    script: EXCHANGE_SCRIPT,
    args: ['--port', String(at), '--host', HOST, '--data-dir', home, '--currency', currency],
    env,
    log: join(dataDirectory, 'exchange.log'),
    readFirstLine: true,
  });
  onStart(child);
  const description = JSON.parse(await withTimeout(child.firstLine));
  writeFileSync(join(dataDirectory, 'sandbox-exchange.json'), `${JSON.stringify(description, null, 2)}\n`);
  return description;
}

/**
 * The exchange's address is in signed contracts and in the wallet's coins, so the port of the first start is
 * kept. When somebody else holds it now, this start takes another, and the kept one stays for the next.
 */
async function stablePort(dataDirectory) {
  const path = join(dataDirectory, 'exchange-port');
  const kept = existsSync(path) ? Number(readFileSync(path, 'utf8')) : undefined;
  if (kept === undefined) {
    const first = (await isPortFree(PORT_PREFERRED, HOST)) ? PORT_PREFERRED : await findFreePort(HOST);
    writeFileSync(path, `${first}\n`);
    return first;
  }
  if (await isPortFree(kept, HOST)) return kept;
  process.stderr.write(
    `Port ${kept} of the sandbox exchange is taken: this start uses another one, and coins and orders ` +
      'of earlier starts do not work until it is free again.\n',
  );
  return findFreePort(HOST);
}

function withTimeout(line) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error('The sandbox exchange does not start.')), START_TIMEOUT_MS);
  });
  return Promise.race([line, late]).finally(() => clearTimeout(timer));
}
