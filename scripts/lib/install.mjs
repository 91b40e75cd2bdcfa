import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join, relative, sep } from 'node:path';

import { inProject, projectRoot } from './paths.mjs';

const INSTALL_STAMP = inProject('node_modules', '.install-stamp');
const BUILD_STAMP = inProject('dist', '.build-stamp');
/** What `nest build` reads: folders, then files (missing ones are skipped). */
const SOURCE_FOLDERS = ['src', 'sandbox', 'bench'];
const SOURCE_FILES = [
  'ormconfig.ts',
  'tsconfig.json',
  'tsconfig.build.json',
  'nest-cli.json',
  'package-lock.json',
];
const NODE_MINIMUM = [20, 19];
const OUTPUT_BYTES_MAX = 64 * 1024 * 1024;

/** Makes node_modules and dist what package-lock.json and the sources say. Says one line for each thing it has to do. */
export function prepare() {
  requireNode();
  // An image holds what was built and nothing to build it from.
  if (!existsSync(inProject('src'))) return;
  ensureInstalled();
  ensureBuilt();
}

function requireNode() {
  const [major, minor] = process.versions.node.split('.').map(Number);
  const [wantedMajor, wantedMinor] = NODE_MINIMUM;
  if (major > wantedMajor || (major === wantedMajor && minor >= wantedMinor)) return;
  fail(`Node.js ${wantedMajor}.${wantedMinor} or newer is needed; this is ${process.versions.node}.`);
}

/** Runs `npm ci` when node_modules is missing or is not what package-lock.json describes. Ends the process on failure. */
export function ensureInstalled() {
  const lock = readFileSync(inProject('package-lock.json'));
  const stamp = createHash('sha256').update(lock).digest('hex');
  if (readText(INSTALL_STAMP) === stamp) return;
  if (!matchesInstalled(JSON.parse(lock.toString('utf8')))) {
    say('Installing packages (npm ci) …');
    // --include=dev: NODE_ENV=production would leave out the compiler that the next step needs.
    npm(['ci', '--include=dev', '--no-audit', '--no-fund', '--loglevel=error']);
  }
  writeFileSync(INSTALL_STAMP, stamp);
}

/**
 * Whether npm itself installed what the lock file says: it leaves a list of what it put into node_modules, and the
 * list lacks only the optional packages of other platforms.
 */
function matchesInstalled(lock) {
  const text = readText(inProject('node_modules', '.package-lock.json'));
  if (text === undefined) return false;
  const installed = JSON.parse(text).packages;
  const wanted = Object.entries(lock.packages).filter(([path]) => path !== '');
  const isComplete = wanted.every(([path, { version, optional, devOptional }]) => {
    if (installed[path] === undefined) return optional === true || devOptional === true;
    return installed[path].version === version;
  });
  return isComplete && Object.keys(installed).every((path) => lock.packages[path] !== undefined);
}

function npm(args) {
  // Started by npm, this variable names the very npm that the caller uses.
  const script = process.env.npm_execpath;
  const viaNode = script !== undefined && /npm-cli\.c?js$/.test(script);
  const [command, ...first] = viaNode
    ? [process.execPath, script]
    : [process.platform === 'win32' ? 'npm.cmd' : 'npm'];
  runQuietly(command, [...first, ...args], 'npm ci');
}

/** Runs `nest build` when a source differs from what dist was built from. Ends the process on failure. */
export function ensureBuilt() {
  const stamp = sourceStamp();
  if (readText(BUILD_STAMP) === stamp) return;
  say('Building …');
  rmSync(BUILD_STAMP, { force: true });
  // The list of what was emitted is only good as long as what was emitted is there.
  if (!existsSync(inProject('dist', 'src'))) rmSync(inProject('dist'), { recursive: true, force: true });
  runQuietly(
    process.execPath,
    [inProject('node_modules', '@nestjs', 'cli', 'bin', 'nest.js'), 'build'],
    'nest build',
  );
  removeOrphans(inProject('dist'));
  mkdirSync(inProject('dist'), { recursive: true });
  writeFileSync(BUILD_STAMP, stamp);
}

/** Hash over the names and contents of everything that is compiled; tests are not. */
function sourceStamp() {
  const hash = createHash('sha256').update(process.versions.node.split('.')[0]);
  const files = SOURCE_FOLDERS.flatMap((folder) => listFiles(inProject(folder))).filter(
    (path) => !isTest(path),
  );
  for (const path of [...files.sort(), ...SOURCE_FILES.map((name) => inProject(name))]) {
    if (!existsSync(path)) continue;
    hash
      .update(`${relative(projectRoot, path)}\0`)
      .update(readFileSync(path))
      .update('\0');
  }
  return hash.digest('hex');
}

const isTest = (path) => path.endsWith('.spec.ts');

function listFiles(directory) {
  if (!existsSync(directory)) return [];
  return readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath ?? entry.path, entry.name));
}

/** Deletes compiled files whose source is gone: a removed migration or entity must not come back from dist. */
function removeOrphans(dist) {
  for (const path of listFiles(dist)) {
    const within = relative(dist, path);
    const source = within.replace(/\.js(\.map)?$/, '');
    if (source === within || !SOURCE_FOLDERS.includes(within.split(sep)[0])) continue;
    if (!existsSync(inProject(`${source}.ts`)) && !existsSync(inProject(`${source}.js`))) rmSync(path);
  }
}

function runQuietly(command, args, name) {
  const options = {
    cwd: projectRoot,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
    maxBuffer: OUTPUT_BYTES_MAX,
  };
  const { status, error, stdout, stderr } = spawnSync(command, args, options);
  if (status === 0) return;
  process.stderr.write(`${stdout ?? ''}${stderr ?? ''}`);
  fail(`${name} failed${error === undefined ? '' : `: ${error.message}`}.`);
}

function readText(path) {
  return existsSync(path) ? readFileSync(path, 'utf8') : undefined;
}

/** On stderr, because stdout belongs to the command that was asked for. */
function say(line) {
  process.stderr.write(`${line}\n`);
}

function fail(line) {
  say(line);
  process.exit(1);
}
