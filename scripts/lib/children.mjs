import { spawn } from 'node:child_process';
import { closeSync, existsSync, openSync, readFileSync } from 'node:fs';

import { projectRoot } from './paths.mjs';
import { sendSignal } from './processes.mjs';

const LOG_TAIL_LINES = 20;
const FORWARDED_SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'];
const PARENT_POLL_MS = 200;
/** Exit code of a command ended by a signal, as shells count it. */
const SIGNAL_EXIT_CODES = { SIGHUP: 129, SIGINT: 130, SIGKILL: 137, SIGTERM: 143 };

/**
 * Starts a Node program as a child in a process group of its own, so that Ctrl-C reaches only the caller, who
 * stops its children in the right order.
 *
 * @param name what to call it in messages
 * @param script path of the program
 * @param log file for its output; absent: it writes to our own output
 * @param readFirstLine true: stdout is a pipe, and firstLine resolves with what it says first
 * @returns pid; exited: resolves with { code, message }; firstLine; stop(timeoutMs): SIGTERM, later SIGKILL
 */
export function startChild({ name, script, args = [], env, log, readFirstLine = false }) {
  const sink = log === undefined ? 'inherit' : openSync(log, 'a', 0o600);
  const child = spawn(process.execPath, [script, ...args], {
    cwd: projectRoot,
    env,
    stdio: ['ignore', readFirstLine ? 'pipe' : sink, sink],
    detached: true,
    windowsHide: true,
  });
  if (log !== undefined) closeSync(sink);
  let hasExited = false;
  const exited = new Promise((resolve) => {
    const end = (code, reason) => {
      hasExited = true;
      resolve({ code, message: `${name} ended (${reason})${tailOf(log)}` });
    };
    child.once('error', (error) => end(1, error.message));
    child.once('exit', (code, signal) => end(exitCode(code, signal), signal ?? `exit code ${code}`));
  });
  const kill = () => !hasExited && sendSignal(child.pid, 'SIGTERM');
  process.once('exit', kill);
  exited.then(() => process.removeListener('exit', kill));
  return {
    pid: child.pid,
    exited,
    firstLine: readFirstLine ? firstLineOf(child.stdout, exited) : undefined,
    stop: async (timeoutMs) => {
      if (!hasExited) sendSignal(child.pid, 'SIGTERM');
      const timer = setTimeout(() => sendSignal(child.pid, 'SIGKILL'), timeoutMs);
      const { code } = await exited;
      clearTimeout(timer);
      return code;
    },
    killNow: () => !hasExited && sendSignal(child.pid, 'SIGKILL'),
  };
}

const exitCode = (code, signal) => code ?? SIGNAL_EXIT_CODES[signal] ?? 1;

function firstLineOf(stream, exited) {
  return new Promise((resolve, reject) => {
    let text = '';
    stream.setEncoding('utf8');
    // The stream is read to its end: a child whose pipe is full stands still.
    stream.on('data', (chunk) => {
      if (text.includes('\n')) return;
      text += chunk;
      if (text.includes('\n')) resolve(text.slice(0, text.indexOf('\n')));
    });
    exited.then(({ message }) => reject(new Error(message)));
  });
}

function tailOf(log) {
  if (log === undefined || !existsSync(log)) return '';
  const lines = readFileSync(log, 'utf8').trimEnd().split('\n').slice(-LOG_TAIL_LINES);
  return `; the end of ${log}:\n${lines.map((line) => `  ${line}`).join('\n')}`;
}

/**
 * Runs a Node program to its end with our own terminal, as if this process were it.
 *
 * @returns its exit code
 */
export function runToEnd(script, args = [], env = process.env) {
  const child = spawn(process.execPath, [script, ...args], { env, stdio: 'inherit' });
  // Ctrl-C reaches the child through the terminal already; only what is sent to us alone is passed on.
  const release = onStopSignal((_code, signal) => signal !== 'SIGINT' && sendSignal(child.pid, signal));
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code, signal) => {
      release();
      resolve(exitCode(code, signal));
    });
  });
}

/**
 * Calls `react` with an exit code for every signal that asks this process to end. Returns the function that lets
 * go again.
 *
 * npm passes SIGTERM to the shell it runs a script in, and the shell dies without telling us: below npm, the loss
 * of the parent counts as the signal.
 */
export function onStopSignal(react) {
  const listen = (signal) => react(SIGNAL_EXIT_CODES[signal], signal);
  for (const signal of FORWARDED_SIGNALS) process.on(signal, listen);
  const parent = process.ppid;
  const watch = setInterval(() => {
    if (process.env.npm_lifecycle_event === undefined || process.ppid === parent) return;
    clearInterval(watch);
    listen('SIGTERM');
  }, PARENT_POLL_MS);
  watch.unref();
  return () => {
    clearInterval(watch);
    for (const signal of FORWARDED_SIGNALS) process.removeListener(signal, listen);
  };
}
