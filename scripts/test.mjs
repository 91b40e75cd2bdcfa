// npm test [-- jest arguments]: all tests. The last line is always "N passed, N failed", from the reporter, or from
// here when jest did not come as far as its reporters.
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { runToEnd } from './lib/children.mjs';
import { prepare } from './lib/install.mjs';
import { inProject, projectRoot } from './lib/paths.mjs';

prepare();
process.chdir(projectRoot);
const directory = mkdtempSync(join(tmpdir(), 'taler-merchant-summary-'));
const marker = join(directory, 'printed');
const env = { ...process.env, NODE_ENV: 'test', TEST_SUMMARY_MARKER: marker };
const code = await runToEnd(inProject('node_modules', 'jest', 'bin', 'jest.js'), process.argv.slice(2), env);
if (!existsSync(marker) && code !== 0) process.stdout.write('0 passed, 1 failed\n');
rmSync(directory, { recursive: true });
process.exit(code);
