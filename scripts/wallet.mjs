// npm run wallet -- <command>: the wallet of the sandbox, on the data folder that `npm start` uses.
import { runToEnd } from './lib/children.mjs';
import { prepare } from './lib/install.mjs';
import { dataDirectory, inProject } from './lib/paths.mjs';

prepare();
const env = { ...process.env, TALER_DATA_DIR: dataDirectory() };
process.exit(await runToEnd(inProject('dist', 'sandbox', 'wallet', 'main.js'), process.argv.slice(2), env));
