// npm run generate: writes the files that are made from the sources. With --check it changes nothing and fails with
// the list of files that are not what their generator makes.
import { execFile } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { ensureBuilt, prepare } from './lib/install.mjs';
import { inProject, projectRoot } from './lib/paths.mjs';
import { startPostgres } from './lib/postgres.mjs';
import { makeTemporaryDirectory, removeTemporaryDirectory } from './lib/temporary.mjs';

const OUTPUT_BYTES_MAX = 64 * 1024 * 1024;
const GENERATOR_TIMEOUT_MS = 120_000;

/** In this order: the later ones run compiled code that may contain what the first one writes. */
const GENERATORS = [
  { file: 'src/taler/error-codes.ts', script: 'scripts/generate-error-codes.mjs', writesItself: true },
  { file: 'openapi.json', script: 'dist/src/generate-openapi.js' },
  { file: 'schema.sql', script: 'dist/src/generate-schema.js' },
];

const isCheck = process.argv.includes('--check');
prepare();
const changed = await withDatabase(async (databaseUrl) => {
  const files = [];
  for (const generator of GENERATORS) {
    if (!existsSync(inProject(generator.script))) continue;
    if (await generate(generator, databaseUrl)) files.push(generator.file);
  }
  return files;
});
for (const file of changed) process.stdout.write(`${isCheck ? 'out of date' : 'written'}: ${file}\n`);
if (isCheck && changed.length > 0) {
  process.stderr.write('Run "npm run generate" and commit what it writes.\n');
  process.exitCode = 1;
}

/** True when the file is not what its generator makes; without --check it is afterwards. */
async function generate({ file, script, writesItself }, databaseUrl) {
  const path = inProject(file);
  const before = existsSync(path) ? readFileSync(path, 'utf8') : undefined;
  const stdout = await run(script, databaseUrl);
  const after = writesItself ? readFileSync(path, 'utf8') : stdout;
  const isChanged = before !== after;
  if (isCheck && writesItself && before !== undefined) writeFileSync(path, before);
  if (!isCheck && isChanged) {
    if (!writesItself) writeFileSync(path, after);
    ensureBuilt();
  }
  return isChanged;
}

/** The generators see a fixed environment, so that they write the same on every machine. */
async function run(script, databaseUrl) {
  const { stdout } = await promisify(execFile)(process.execPath, [inProject(script)], {
    cwd: projectRoot,
    env: { PATH: process.env.PATH, LOG_LEVEL: 'silent', DATABASE_URL: databaseUrl },
    maxBuffer: OUTPUT_BYTES_MAX,
    timeout: GENERATOR_TIMEOUT_MS,
  });
  return stdout;
}

/** schema.sql describes a database that was migrated from nothing. */
async function withDatabase(work) {
  const directory = await makeTemporaryDirectory();
  const postgres = await startPostgres({ directory: join(directory, 'postgres'), durable: false });
  try {
    return await work(postgres.url);
  } finally {
    await postgres.stop();
    await removeTemporaryDirectory(directory);
  }
}
