import { spawn } from 'node:child_process';

const COMMAND_TIMEOUT_MS = 20_000;

/**
 * Runs the operator's program with the number as its last argument and the message on standard input, as the helpers of
 * the reference are called (management.md 3.1). No shell is involved, and none of our environment is handed on: it
 * holds secrets.
 * @param command program and its first arguments
 * @throws Error when it cannot be run, fails, or does not end in time
 */
export function runCommand(
  command: readonly string[],
  to: string,
  message: string,
  timeoutMs = COMMAND_TIMEOUT_MS,
): Promise<void> {
  const [program = '', ...first] = command;
  return new Promise((resolve, reject) => {
    const child = spawn(program, [...first, to], {
      shell: false,
      stdio: ['pipe', 'ignore', 'ignore'],
      env: { PATH: process.env['PATH'] },
      // A group of its own, so that what the program has started ends with it.
      detached: true,
    });
    const timer = setTimeout(() => {
      endGroup(child.pid);
      reject(new Error(`not done within ${timeoutMs} ms`));
    }, timeoutMs);
    child.once('error', (error: NodeJS.ErrnoException) => {
      clearTimeout(timer);
      reject(new Error(`cannot be run: ${error.code ?? 'unknown'}`));
    });
    child.once('exit', (code, signal) => {
      clearTimeout(timer);
      if (code === 0) resolve();
      else reject(new Error(`ended with ${code ?? signal}`));
    });
    // Whoever does not read is judged by his exit code.
    child.stdin.once('error', () => undefined);
    child.stdin.end(message);
  });
}

function endGroup(pid: number | undefined): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // It has ended by itself.
  }
}
