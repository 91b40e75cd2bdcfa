import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';

import { commandLine, isAlive, sendSignal, waitForExit } from './processes.mjs';

const ORPHAN_STOP_MS = 6_000;

/**
 * Claims a data directory for this process. Children of an earlier start that was killed still hold its ports:
 * they are stopped first.
 *
 * @param directory existing data directory
 * @returns note(name, pid, script): remembers a child; release(): gives the directory back
 * @throws Error when a start that is alive uses the directory
 */
export async function claim(directory) {
  const path = join(directory, 'run.json');
  const earlier = existsSync(path) ? parse(readFileSync(path, 'utf8')) : undefined;
  if (earlier !== undefined) {
    if (isOurs(earlier.pid, earlier.script)) {
      throw new Error(`${directory} is in use: it was started already (process ${earlier.pid}).`);
    }
    for (const child of Object.values(earlier.children)) await stopOrphan(child);
  }
  // A command line may name the script by a relative path, so its last part has to do.
  const run = { pid: process.pid, script: basename(process.argv[1]), children: {} };
  const save = () => writeFileSync(path, `${JSON.stringify(run, null, 2)}\n`);
  save();
  return {
    note: (name, pid, script) => {
      run.children[name] = { pid, script };
      save();
    },
    release: () => rmSync(path, { force: true }),
  };
}

/** Stops the children that a killed start left behind in a directory nobody owns any more. */
export async function stopOrphans(directory) {
  const path = join(directory, 'run.json');
  const run = existsSync(path) ? parse(readFileSync(path, 'utf8')) : undefined;
  for (const child of Object.values(run?.children ?? {})) await stopOrphan(child);
}

function parse(text) {
  try {
    return JSON.parse(text);
  } catch {
    // Half written by a start that was killed at that moment: it tells nothing.
    return undefined;
  }
}

/** Process ids are reused: only a process that runs this script is the one that was noted. */
function isOurs(pid, script) {
  if (pid === process.pid || !isAlive(pid)) return false;
  return commandLine(pid)?.includes(script) ?? false;
}

async function stopOrphan({ pid, script }) {
  if (!isOurs(pid, script)) return;
  for (const signal of ['SIGTERM', 'SIGKILL']) {
    sendSignal(pid, signal);
    if (await waitForExit(pid, ORPHAN_STOP_MS)) return;
  }
}
