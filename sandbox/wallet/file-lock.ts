import { randomUUID } from 'node:crypto';
import { open, readFile, stat, unlink } from 'node:fs/promises';
import { hostname } from 'node:os';
import { LOCK_BREAK_STALE_MS, LOCK_EMPTY_STALE_MS, LOCK_POLL_MS, LOCK_WAIT_MS } from './limits';
import { pause } from './http-client';
import { WalletError } from './wallet-error';

/** Contents of the locks that this very process holds or is about to write. At most one per open wallet. */
const held = new Set<string>();

/**
 * Keeps two processes from using one state file: a file created exclusively, with the owner's process id in it.
 * A lock whose process is gone is broken. Node has no flock, which would make that last part unnecessary.
 */
export class FileLock {
  private constructor(
    private readonly file: string,
    private readonly content: string,
  ) {}

  /** @throws WalletError `wallet-locked` after `waitMs` */
  static async acquire(file: string, waitMs = LOCK_WAIT_MS): Promise<FileLock> {
    const content = JSON.stringify({ pid: process.pid, host: hostname(), id: randomUUID() });
    // Known before it is written: who reads it in between must not take it for the lock of an earlier process.
    held.add(content);
    try {
      await FileLock.create(file, content, waitMs);
      return new FileLock(file, content);
    } catch (error) {
      held.delete(content);
      throw error;
    }
  }

  private static async create(file: string, content: string, waitMs: number): Promise<void> {
    const deadline = Date.now() + waitMs;
    for (;;) {
      if (await createExclusively(file, content)) return;
      if (await breakStaleLock(file)) continue;
      if (Date.now() >= deadline) {
        const owner = (await readText(file)) ?? 'unknown';
        throw new WalletError('wallet-locked', `${file}: the wallet is used by another process (${owner})`);
      }
      await pause(LOCK_POLL_MS);
    }
  }

  async release(): Promise<void> {
    if ((await readText(this.file)) === this.content) await unlink(this.file).catch(() => undefined);
    held.delete(this.content);
  }
}

/**
 * Removes a lock of a dead process. Two processes may find the same stale lock; if both simply removed it, the
 * slower one would remove the fresh lock of the faster one. Hence a second lock around looking and removing.
 */
async function breakStaleLock(file: string): Promise<boolean> {
  if (!(await isStale(file))) return false;
  const breaker = `${file}.break`;
  if (!(await createExclusively(breaker, String(process.pid)))) {
    if ((await ageMs(breaker)) > LOCK_BREAK_STALE_MS) await unlink(breaker).catch(() => undefined);
    return false;
  }
  try {
    if (!(await isStale(file))) return true;
    await unlink(file).catch(() => undefined);
    return true;
  } finally {
    await unlink(breaker).catch(() => undefined);
  }
}

async function isStale(file: string): Promise<boolean> {
  const text = await readText(file);
  if (text === undefined) return false;
  const owner = parseOwner(text);
  if (owner === undefined) return (await ageMs(file)) > LOCK_EMPTY_STALE_MS;
  // On a shared disk we cannot see the processes of the other host.
  if (owner.host !== hostname()) return false;
  // In a restarted container the process before us had our name and our number.
  return owner.pid === process.pid ? !held.has(text) : !isAlive(owner.pid);
}

function parseOwner(text: string): { pid: number; host: string } | undefined {
  try {
    const { pid, host } = JSON.parse(text) as { pid?: unknown; host?: unknown };
    return typeof pid === 'number' && typeof host === 'string' ? { pid, host } : undefined;
  } catch {
    return undefined;
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

async function createExclusively(file: string, content: string): Promise<boolean> {
  try {
    const handle = await open(file, 'wx', 0o600);
    try {
      await handle.writeFile(content);
    } finally {
      await handle.close();
    }
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

async function readText(file: string): Promise<string | undefined> {
  return readFile(file, 'utf8').catch(() => undefined);
}

async function ageMs(file: string): Promise<number> {
  const facts = await stat(file).catch(() => undefined);
  return facts === undefined ? 0 : Date.now() - facts.mtimeMs;
}
