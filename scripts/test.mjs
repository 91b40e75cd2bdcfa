// npm test [-- jest arguments]: all tests. The last line is always "N passed, N failed", from the reporter, or from
// here when jest did not come as far as its reporters.
import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { runToEnd } from './lib/children.mjs';
import { prepare } from './lib/install.mjs';
import { inProject, projectRoot } from './lib/paths.mjs';

/** Arguments of jest that leave no test out. */
const NOT_FILTERS = ['--ci', '--silent', '--verbose', '--runInBand', '-i', '--colors', '--no-colors'];

prepare();
process.chdir(projectRoot);
const directory = mkdtempSync(join(tmpdir(), 'taler-merchant-summary-'));
const marker = join(directory, 'printed');
const env = { ...process.env, NODE_ENV: 'test', TEST_SUMMARY_MARKER: marker };
// Only a run of all tests can say what none of them shows (test/coverage).
if (process.argv.slice(2).every((argument) => NOT_FILTERS.includes(argument))) {
  env.PROTOCOL_RECORDING = join(directory, 'recording');
  mkdirSync(env.PROTOCOL_RECORDING);
}
const code = await runToEnd(inProject('node_modules', 'jest', 'bin', 'jest.js'), process.argv.slice(2), env);
if (!existsSync(marker) && code !== 0) process.stdout.write('0 passed, 1 failed\n');
rmSync(directory, { recursive: true });
process.exit(code);
