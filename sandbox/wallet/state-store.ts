import { randomBytes } from 'node:crypto';
import { mkdir, open, readdir, readFile, rename, unlink } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { FileLock } from './file-lock';
import { emptyState, parseState, type WalletState } from './state';

/** Keeps the state of a wallet. `state` is changed in place; `save` makes the changes last. */
export interface StateStore {
  readonly state: WalletState;
  /** Resolves when everything changed before the call survives a crash. */
  save(): Promise<void>;
  close(): Promise<void>;
}

/** A wallet that is forgotten with its process. */
export class MemoryStateStore implements StateStore {
  readonly state: WalletState;

  constructor(state: WalletState = emptyState()) {
    this.state = state;
  }

  async save(): Promise<void> {}

  async close(): Promise<void> {}
}

/**
 * A wallet in a JSON file. The file is always replaced as a whole (written aside, synced, renamed), so after a
 * crash it holds either the old or the new state; it holds private keys, so only its owner may read it.
 */
export class FileStateStore implements StateStore {
  private writing: Promise<void> = Promise.resolve();
  private queued: Promise<void> | undefined;

  private constructor(
    readonly state: WalletState,
    private readonly file: string,
    private readonly lock: FileLock,
  ) {}

  /**
   * @throws WalletError `wallet-locked` if another process keeps the file for too long, `state-damaged`
   */
  static async open(file: string, lockWaitMs?: number): Promise<FileStateStore> {
    await mkdir(dirname(file), { recursive: true, mode: 0o700 });
    const lock = await FileLock.acquire(`${file}.lock`, lockWaitMs);
    try {
      await removeLeftovers(file);
      const text = await readIfExists(file);
      return new FileStateStore(text === undefined ? emptyState() : parseState(text), file, lock);
    } catch (error) {
      await lock.release();
      throw error;
    }
  }

  // A save that waits for its turn has not yet looked at the state, so it serves everybody who asks meanwhile.
  save(): Promise<void> {
    if (this.queued !== undefined) return this.queued;
    const queued = this.writing
      .catch(() => undefined) // the failure belongs to whoever asked for that save
      .then(() => {
        this.queued = undefined;
        this.writing = this.write(JSON.stringify(this.state));
        return this.writing;
      });
    this.queued = queued;
    return queued;
  }

  async close(): Promise<void> {
    await (this.queued ?? this.writing).catch(() => undefined);
    await this.lock.release();
  }

  private async write(text: string): Promise<void> {
    const aside = `${this.file}.${randomBytes(6).toString('hex')}.tmp`;
    try {
      const handle = await open(aside, 'wx', 0o600);
      try {
        await handle.writeFile(text);
        await handle.sync();
      } finally {
        await handle.close();
      }
      await rename(aside, this.file);
    } catch (error) {
      await unlink(aside).catch(() => undefined);
      throw error;
    }
    await syncDirectory(dirname(this.file));
  }
}

// What a killed process was writing: half a state, with private keys in it. We hold the lock, so nobody writes now.
async function removeLeftovers(file: string): Promise<void> {
  const names = await readdir(dirname(file));
  const leftovers = names.filter((name) => name.startsWith(`${basename(file)}.`) && name.endsWith('.tmp'));
  for (const name of leftovers) await unlink(join(dirname(file), name)).catch(() => undefined);
}

// Without this the rename itself may be lost in a power failure. Some systems cannot open directories.
async function syncDirectory(directory: string): Promise<void> {
  const handle = await open(directory, 'r').catch(() => undefined);
  if (handle === undefined) return;
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

async function readIfExists(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
