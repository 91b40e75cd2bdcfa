import { Stack } from './stack.mjs';
import { findFreePort } from './ports.mjs';
import { makeTemporaryDirectory, removeTemporaryDirectory } from './temporary.mjs';
import { onStopSignal, runToEnd } from './children.mjs';

/** What the caller set for a real server has no say in a throw-away one. */
const IGNORED = /^(TALER_|DATABASE_|HOST$|PORT$|HOST_FILE$|PORT_FILE$|WORKERS|NODE_ENV$|ROLE$)/;

/**
 * Boots a whole stack on free ports with a data directory of its own, quietly, runs one program against it, and
 * removes everything again, also when it fails or is interrupted.
 *
 * @param script program to run
 * @param args its arguments
 * @param durable whether the database survives a crash; false is faster, true is honest in a measurement
 * @param settings variables for the server besides the environment
 * @param environmentFor makes the variables of the program from the facts of Stack.start()
 * @returns exit code of the program, or 1 when the stack did not start
 */
export async function runAgainstStack({ script, args, durable, settings = {}, environmentFor }) {
  const kept = Object.entries(process.env).filter(([name]) => !IGNORED.test(name));
  const host = '127.0.0.1';
  const port = await findFreePort(host);
  const exchangePort = await findFreePort(host, [port]);
  const env = { ...Object.fromEntries(kept), ...settings, HOST: host, PORT: String(port) };
  const dataDirectory = await makeTemporaryDirectory();
  const stack = new Stack({ dataDirectory, env, durable, exchangePort, isQuiet: true });
  const interrupted = new Promise((resolve) => onStopSignal(resolve));
  try {
    const work = startAndRun({ stack, script, args, dataDirectory, environmentFor });
    const died = stack.ended.then((message) => Promise.reject(new Error(message)));
    return await Promise.race([work, died, interrupted]);
  } catch (error) {
    process.stderr.write(`${error.message}\n`);
    return 1;
  } finally {
    await stack.stop();
    await removeTemporaryDirectory(dataDirectory);
  }
}

async function startAndRun({ stack, script, args, dataDirectory, environmentFor }) {
  const facts = await stack.start();
  if (facts.shopProblem !== undefined) throw new Error(facts.shopProblem);
  return runToEnd(script, args, { ...process.env, TALER_DATA_DIR: dataDirectory, ...environmentFor(facts) });
}
