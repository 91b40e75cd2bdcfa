import { spawn } from 'node:child_process';
import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
} from 'node:fs';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

import { findFreePort } from './ports.mjs';
import { initialise, readPassword } from './postgres-cluster.mjs';
import { openDatabase } from './postgres-connection.mjs';
import { reachableBinaries } from './postgres-binaries.mjs';
import { findPlace, SHARED_ROOT } from './postgres-place.mjs';
import { commandLine, isAlive, sendSignal, sleep, waitForExit } from './processes.mjs';

const HOST = '127.0.0.1';
/** Recovery after a crash replays at most a few WAL segments here; a minute is far beyond that. */
const START_TIMEOUT_MS = 60_000;
/** A port may be taken between looking for it and using it; backends of a killed postmaster take a moment to leave. */
const START_ATTEMPTS_MAX = 5;
const RETRY_PAUSE_MS = 400;
const POLL_MS = 20;
const WATCH_MS = 1_000;
const FAST_STOP_MS = 10_000;
const IMMEDIATE_STOP_MS = 5_000;
const LOG_BYTES_MAX = 10_000_000;
const LOG_TAIL_LINES = 15;
/** Two jest workers, a server with its pool and a bench side by side. */
const MAX_CONNECTIONS = 200;

const NOT_DURABLE = ['fsync=off', 'synchronous_commit=off', 'full_page_writes=off'];

/**
 * Starts the embedded PostgreSQL on 127.0.0.1, or joins the one that already runs on this directory: the
 * postmaster outlives a parent that was killed. ADR 0002 tells why this is our own code.
 *
 * @param directory folder for data, password and log; made when missing
 * @param durable false turns off everything that makes commits survive a crash (tests)
 * @param port TCP port; any free one when absent
 * @param database name of the database in the returned URL, created when missing
 * @returns url: of a superuser, with its password; stop(): fast shutdown, a no-op when another living process
 *   started the server; remove(): deletes directory and data; alreadyRunning; exited: resolves with a sentence
 *   when the server is gone
 * @throws Error with the end of PostgreSQL's log when it does not come up
 */
export async function startPostgres({ directory, durable, port, database = 'merchant' }) {
  mkdirSync(directory, { recursive: true });
  const place = { ...findPlace(directory), directory: realpathSync(directory) };
  const binaries = reachableBinaries(place.account, SHARED_ROOT);
  await initialise({ place, binaries, durable, environment: databaseEnvironment() });
  const password = readPassword(place);
  const urlOf = (at) => `postgres://merchant:${password}@${HOST}:${at}/${database}`;

  const running =
    (await findRunning(place, urlOf)) ?? (await launch({ place, binaries, durable, port, urlOf }));
  const alreadyRunning = running.exited === undefined;
  const isForeign = alreadyRunning && hasLivingOwner(place, running.pid);
  if (!isForeign) writeFileSync(join(place.directory, 'owner'), String(process.pid));
  const abandon = () => !isForeign && sendSignal(running.pid, 'SIGINT');
  process.once('exit', abandon);
  return {
    url: urlOf(running.port),
    alreadyRunning,
    exited: running.exited ?? watch(running.pid),
    stop: async () => {
      process.removeListener('exit', abandon);
      if (!isForeign) await stopPostmaster(running.pid);
    },
    remove: () => {
      rmSync(place.home, { recursive: true, force: true });
      rmSync(place.directory, { recursive: true, force: true });
    },
  };
}

/** Stops whatever server runs on this directory and deletes directory and data. For folders nobody owns any more. */
export async function destroyPostgres(directory) {
  const place = { ...findPlace(directory), directory: realpathSync(directory) };
  const pid = readPidFile(place)?.pid;
  if (pid !== undefined && isPostmaster(pid, place)) await stopPostmaster(pid);
  rmSync(place.home, { recursive: true, force: true });
  rmSync(place.directory, { recursive: true, force: true });
}

/** postmaster.pid: process id in line 1, port in line 4, from the moment the server has them. */
function readPidFile({ data }) {
  const path = join(data, 'postmaster.pid');
  if (!existsSync(path)) return undefined;
  const lines = readFileSync(path, 'utf8').split('\n');
  return { pid: Number(lines[0]), port: Number(lines[3]) };
}

function isPostmaster(pid, { data }) {
  if (!isAlive(pid)) return false;
  const command = commandLine(pid);
  return command === undefined || (command.includes('postgres') && command.includes(data));
}

/** The server that already serves this data, once it accepts connections; undefined when there is none. */
async function findRunning(place, urlOf) {
  const deadline = Date.now() + START_TIMEOUT_MS;
  for (;;) {
    const found = readPidFile(place);
    if (found === undefined) return undefined;
    if (!isPostmaster(found.pid, place)) {
      // After a reboot the number may belong to any process, and PostgreSQL itself would refuse to start.
      rmSync(join(place.data, 'postmaster.pid'), { force: true });
      return undefined;
    }
    if (found.port > 0 && (await openDatabase(urlOf(found.port)))) return found;
    if (Date.now() > deadline) throw new Error(`PostgreSQL (process ${found.pid}) runs but does not answer`);
    await sleep(POLL_MS);
  }
}

/**
 * Whether another living process will stop this server: the one that started it, which its command line names from
 * the first moment on, or one that took it over from a starter that was killed, which the file names.
 */
function hasLivingOwner({ directory }, postmaster) {
  const starter = commandLine(postmaster)?.match(/cluster_name=started-by-(\d+)/)?.[1];
  const path = join(directory, 'owner');
  const owners = [starter, existsSync(path) ? readFileSync(path, 'utf8') : undefined];
  return owners.map(Number).some((owner) => owner !== process.pid && isAlive(owner));
}

async function launch({ place, binaries, durable, port, urlOf }) {
  for (let attempt = 1; ; attempt += 1) {
    const at = port ?? (await findFreePort(HOST));
    const server = spawnPostmaster({ place, binaries, durable, port: at });
    if (await becomesReady(server, urlOf(at))) return server;
    if (attempt === START_ATTEMPTS_MAX) throw new Error(`PostgreSQL does not start:\n${logTail(place)}`);
    await sleep(RETRY_PAUSE_MS);
    const other = await findRunning(place, urlOf);
    if (other !== undefined) return other;
  }
}

function spawnPostmaster({ place, binaries, durable, port }) {
  const settings = [
    `listen_addresses=${HOST}`,
    `port=${port}`,
    // No socket: its path is limited to 107 bytes, which a deep project folder exceeds.
    'unix_socket_directories=',
    `max_connections=${MAX_CONNECTIONS}`,
    `cluster_name=started-by-${process.pid}`,
    ...(durable ? [] : NOT_DURABLE),
  ];
  const log = openLog(place);
  const child = spawn(
    binaries.postgres,
    ['-D', place.data, ...settings.flatMap((setting) => ['-c', setting])],
    {
      ...place.account,
      cwd: '/',
      env: databaseEnvironment(),
      stdio: ['ignore', log, log],
      // A process group of its own: Ctrl-C in the terminal must reach the server before its database.
      detached: true,
      windowsHide: true,
    },
  );
  closeSync(log);
  child.unref();
  const exited = new Promise((resolve) => {
    child.once('error', (error) => resolve(`PostgreSQL cannot be started: ${error.message}`));
    child.once('exit', (code, signal) => resolve(`PostgreSQL ended (${signal ?? `exit code ${code}`})`));
  });
  return { pid: child.pid, port, exited };
}

/** Nothing of the caller's environment: PGDATA, PGPORT or a locale would change what the server does. */
function databaseEnvironment() {
  const { PATH, SystemRoot, TEMP } = process.env;
  return { PATH, SystemRoot, TEMP, LC_ALL: 'C', TZ: 'UTC' };
}

function openLog({ home }) {
  const path = join(home, 'postgres.log');
  const isTooLong = existsSync(path) && statSync(path).size > LOG_BYTES_MAX;
  return openSync(path, isTooLong ? 'w' : 'a', 0o600);
}

function logTail({ home }) {
  const path = join(home, 'postgres.log');
  if (!existsSync(path)) return '(no log was written)';
  return readFileSync(path, 'utf8').trimEnd().split('\n').slice(-LOG_TAIL_LINES).join('\n');
}

/** Waits until the server takes connections. False when it ended instead. */
async function becomesReady(server, url) {
  let hasEnded = false;
  server.exited.then(() => (hasEnded = true));
  const deadline = Date.now() + START_TIMEOUT_MS;
  while (!hasEnded) {
    if (await openDatabase(url)) return !hasEnded;
    if (Date.now() > deadline) {
      await stopPostmaster(server.pid);
      return false;
    }
    await sleep(POLL_MS);
  }
  return false;
}

/** The end of a server that is not our child can only be looked for. Looking does not keep this process alive. */
async function watch(pid) {
  while (isAlive(pid)) await delay(WATCH_MS, undefined, { ref: false });
  return 'PostgreSQL ended';
}

/** Fast shutdown (SIGINT); immediate shutdown (SIGQUIT) when that takes too long; recovery makes up for the latter. */
async function stopPostmaster(pid) {
  sendSignal(pid, 'SIGINT');
  if (await waitForExit(pid, FAST_STOP_MS)) return;
  sendSignal(pid, 'SIGQUIT');
  if (await waitForExit(pid, IMMEDIATE_STOP_MS)) return;
  sendSignal(pid, 'SIGKILL');
}
