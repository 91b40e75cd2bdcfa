import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';

import { inProject, projectRoot } from '../../scripts/lib/paths.mjs';
import { isPortFree } from '../../scripts/lib/ports.mjs';
import { isAlive } from '../../scripts/lib/processes.mjs';
import { eventually, scratch } from './helpers.mjs';

/** Systems give ports from 32768 on to whoever wants any: of these nobody is given one between its choice and its use. */
const PORTS = [20_000, 30_000];
const START_SCRIPT = inProject('scripts', 'start.mjs');

test('serves, prints the first steps, and is the same shop after a restart', async (t) => {
  const data = join(scratch(t), 'data');
  const first = await start(t, { data });
  await first.serving();
  assert.match(first.output(), /EVALUATION MODE: no real money moves/);
  const token = readFileSync(join(data, 'shop-token'), 'utf8').trim();
  assert.ok(first.output().includes(`curl -X POST ${first.origin}/instances/shop/private/orders`));
  assert.ok(first.output().includes(token));
  for (const name of ['admin-token', 'shop-token', 'shop-password', 'admin-password']) {
    assert.equal(statSync(join(data, name)).mode & 0o777, 0o600);
  }
  const exchange = readFileSync(join(data, 'sandbox-exchange.json'), 'utf8');
  const children = childrenOf(data);
  assert.equal(await first.stop('SIGTERM'), 0);
  for (const pid of children) assert.equal(isAlive(pid), false);
  assert.equal(existsSync(join(data, 'run.json')), false);
  assert.equal(existsSync(join(data, 'postgres', 'data', 'postmaster.pid')), false);

  const second = await start(t, { data });
  t.diagnostic(`second start: ${await second.serving()} ms`);
  assert.equal(readFileSync(join(data, 'shop-token'), 'utf8').trim(), token);
  const shop = await fetch(`${second.origin}/instances/shop/private`, {
    headers: { authorization: `Bearer ${token}` },
  });
  assert.equal(shop.status, 200);
  assert.equal(readFileSync(join(data, 'sandbox-exchange.json'), 'utf8'), exchange);
  assert.equal(await second.stop('SIGINT'), 0);
});

test('stops everything when npm is told to stop', async (t) => {
  const data = join(scratch(t), 'data');
  const run = await start(t, { data, command: ['npm', 'start'] });
  await run.serving();
  const children = childrenOf(data);
  run.child.kill('SIGTERM');
  await eventually(() => !existsSync(join(data, 'run.json')), 'the data directory is released');
  for (const pid of children) assert.equal(isAlive(pid), false);
});

test('stops what a killed start left behind, and serves again', async (t) => {
  const data = join(scratch(t), 'data');
  const first = await start(t, { data });
  await first.serving();
  const orphans = childrenOf(data);
  await first.stop('SIGKILL');
  for (const pid of orphans) assert.equal(isAlive(pid), true);
  const second = await start(t, { data, port: first.port });
  await second.serving();
  for (const pid of orphans) assert.equal(isAlive(pid), false);
  assert.equal(await second.stop('SIGTERM'), 0);
});

test('ends with the message of the part that died', async (t) => {
  const data = join(scratch(t), 'data');
  const run = await start(t, { data });
  await run.serving();
  const [exchange, server] = childrenOf(data);
  process.kill(exchange, 'SIGKILL');
  assert.equal(await run.exit(), 1);
  assert.match(run.output(), /The sandbox exchange ended \(SIGKILL\)/);
  assert.equal(isAlive(server), false);
});

test('refuses a port that is taken, and says so', async (t) => {
  const blocker = createServer().listen(0, '127.0.0.1');
  await once(blocker, 'listening');
  t.after(() => blocker.close());
  const run = await start(t, { data: join(scratch(t), 'data'), port: blocker.address().port });
  assert.equal(await run.exit(), 1);
  assert.match(run.output(), /Port \d+ on 127\.0\.0\.1 is taken/);
});

test('refuses a data directory that a living start uses', async (t) => {
  const data = join(scratch(t), 'data');
  const first = await start(t, { data });
  await first.serving();
  const second = await start(t, { data });
  assert.equal(await second.exit(), 1);
  assert.match(second.output(), /is in use/);
  assert.equal((await fetch(`${first.origin}/readyz`)).status, 200);
  assert.equal(await first.stop('SIGTERM'), 0);
});

test('lists every fault of the configuration and starts nothing', async (t) => {
  const data = join(scratch(t), 'data');
  const run = await start(t, { data, settings: { LOG_LEVEL: 'loud', TALER_BASE_URL: 'nope', WORKERS: '0' } });
  assert.equal(await run.exit(), 1);
  for (const name of ['LOG_LEVEL', 'TALER_BASE_URL', 'WORKERS'])
    assert.match(run.output(), new RegExp(`- ${name} must`));
  assert.equal(existsSync(data), false);
});

test('invents nothing in production', async (t) => {
  const data = join(scratch(t), 'data');
  const run = await start(t, { data, settings: { NODE_ENV: 'production' } });
  assert.notEqual(await run.exit(), 0);
  assert.match(run.output(), /DATABASE_URL/);
  assert.equal(existsSync(data), false);
});

/** Runs the start script; its parts are gone after the test whatever happens. */
async function start(t, { data, port, settings = {}, command = [process.execPath, START_SCRIPT] }) {
  const at = port ?? (await choosePort());
  const foreign = /^(TALER_|DATABASE_|NODE_ENV$|HOST|PORT|npm_)/;
  const inherited = Object.fromEntries(Object.entries(process.env).filter(([name]) => !foreign.test(name)));
  const env = { ...inherited, TALER_DATA_DIR: data, PORT: String(at), ...settings };
  const begunMs = Date.now();
  const child = spawn(command[0], command.slice(1), {
    cwd: projectRoot,
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let text = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (part) => (text += part));
  const closed = once(child, 'close').then(([code]) => code);
  t.after(async () => {
    child.kill('SIGTERM');
    await closed;
  });
  return {
    child,
    port: at,
    origin: `http://127.0.0.1:${at}`,
    output: () => text,
    exit: async () => {
      await eventually(() => child.exitCode !== null || child.signalCode !== null, 'it ends');
      return closed;
    },
    serving: async () => {
      await eventually(() => text.includes('API documentation') || child.exitCode !== null, 'it serves');
      assert.equal(child.exitCode, null, text);
      return Date.now() - begunMs;
    },
    stop: async (signal) => {
      child.kill(signal);
      // A killed start leaves children that hold its output open, so its own end is waited for.
      if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
      return child.exitCode;
    },
  };
}

async function choosePort() {
  for (;;) {
    const port = randomInt(...PORTS);
    if (await isPortFree(port)) return port;
  }
}

/** Process ids of exchange and server. */
function childrenOf(data) {
  const { children } = JSON.parse(readFileSync(join(data, 'run.json'), 'utf8'));
  return [children.exchange.pid, children.server.pid];
}
