import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { sleep } from '../../scripts/lib/processes.mjs';

/** Only what hangs takes longer, also where a first start builds on a machine that does other work as well. */
export const WAIT_MS = 300_000;
const STARTER = fileURLToPath(new URL('start-and-hold.mjs', import.meta.url));

/** A folder that is gone after the test. */
export function scratch(t, prefix = join(tmpdir(), 'taler-merchant-scripts-')) {
  const directory = mkdtempSync(prefix);
  chmodSync(directory, 0o755);
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

/** Starts the embedded PostgreSQL in another process, which keeps it until it is killed. */
export async function startElsewhere(
  t,
  directory,
  library = new URL('../../scripts/lib/', import.meta.url).href,
) {
  const child = spawn(process.execPath, [STARTER, library, directory], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const exited = once(child, 'exit');
  t.after(async () => {
    child.kill('SIGTERM');
    await exited;
  });
  const failed = exited.then(() => Promise.reject(new Error('PostgreSQL did not start elsewhere')));
  failed.catch(() => undefined);
  const [line] = await Promise.race([once(child.stdout.setEncoding('utf8'), 'data'), failed]);
  return { child, url: line.trim() };
}

/** Runs one SQL statement and returns its rows. */
export async function query(url, text) {
  const { Client } = createRequire(import.meta.url)('pg');
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query(text)).rows;
  } finally {
    await client.end();
  }
}

/** Waits until `probe` gives something. */
export async function eventually(probe, what) {
  const deadline = Date.now() + WAIT_MS;
  while (Date.now() < deadline) {
    const found = await probe();
    if (found) return found;
    await sleep(20);
  }
  throw new Error(`waited in vain until ${what}`);
}

/** Awaits a promise that does not keep the process alive by itself, such as the end of a database. */
export async function settled(promise) {
  const alive = setInterval(() => undefined, 60_000);
  try {
    return await promise;
  } finally {
    clearInterval(alive);
  }
}
