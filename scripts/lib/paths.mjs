import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Absolute path of the project: the folder of package.json. */
export const projectRoot = fileURLToPath(new URL('../..', import.meta.url)).replace(/[\\/]$/, '');

/** Absolute path of something inside the project. */
export const inProject = (...parts) => resolve(projectRoot, ...parts);

/** The folder that outlives restarts: TALER_DATA_DIR (relative to the working directory), else .data in the project. */
export function dataDirectory(env = process.env) {
  return env.TALER_DATA_DIR ? resolve(env.TALER_DATA_DIR) : inProject('.data');
}
