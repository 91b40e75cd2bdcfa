import { createRequire } from 'node:module';

import { inProject } from './paths.mjs';
import { isSet } from './secrets.mjs';

/** Stands for the database that will be started only once the rest is known to be right. */
const DATABASE_TO_COME = 'postgres://embedded/';

/**
 * What the server would say of this configuration, before anything is started for it.
 *
 * @param env environment of the server; what it does not name will be invented
 * @returns one message that lists every fault; undefined when there is none
 */
export function configurationFaults(env) {
  const { loadConfig } = createRequire(import.meta.url)(
    inProject('dist', 'src', 'platform', 'config', 'load-config.js'),
  );
  try {
    loadConfig(isSet(env, 'DATABASE_URL') ? env : { ...env, DATABASE_URL: DATABASE_TO_COME });
    return undefined;
  } catch (error) {
    if (error.name !== 'ConfigError') throw error;
    return error.message;
  }
}
