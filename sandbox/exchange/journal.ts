import { closeSync, ftruncateSync, openSync, readFileSync, write } from 'node:fs';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { JournalEvent } from './events';

const JOURNAL_FILE = 'journal.jsonl';

/**
 * Everything that changed, one JSON object per line, in the order it happened. An answer leaves the exchange only
 * after its line was handed to the operating system, so the end of the process loses nothing (a power cut may:
 * there is no fsync, this is a sandbox). Lines that come together are written together.
 */
export class Journal {
  private pending: string[] = [];
  private writing: Promise<void> | undefined;

  private constructor(private readonly file: number | undefined) {}

  /** Keeps nothing: the exchange lives in memory only. */
  static inMemory(): Journal {
    return new Journal(undefined);
  }

  /**
   * Opens the journal of a data directory and reads what it holds.
   *
   * @throws Error if a line other than the last is damaged; half a line at the end (the process died while
   *   writing it, so nobody got an answer) is cut off
   */
  static open(directory: string): { journal: Journal; events: JournalEvent[] } {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    const path = join(directory, JOURNAL_FILE);
    const file = openSync(path, 'a+', 0o600);
    const bytes = readFileSync(path);
    const end = bytes.lastIndexOf(0x0a) + 1;
    if (end < bytes.length) ftruncateSync(file, end);
    const events: JournalEvent[] = [];
    for (const line of bytes.toString('utf8', 0, end).split('\n')) {
      // The file is our own: what was appended is what comes back.
      if (line !== '') events.push(JSON.parse(line) as JournalEvent);
    }
    return { journal: new Journal(file), events };
  }

  append(event: JournalEvent): void {
    if (this.file === undefined) return;
    this.pending.push(JSON.stringify(event));
    this.writing ??= this.writeAll(this.file);
  }

  /** Resolves when all lines appended so far are written. @throws whatever the file system says */
  flushed(): Promise<void> | undefined {
    return this.writing;
  }

  async close(): Promise<void> {
    await this.writing;
    if (this.file !== undefined) closeSync(this.file);
  }

  private async writeAll(file: number): Promise<void> {
    // Let the other requests of this turn of the event loop join the first write.
    await Promise.resolve();
    while (this.pending.length > 0) {
      const lines = Buffer.from(`${this.pending.join('\n')}\n`);
      this.pending = [];
      await writeCompletely(file, lines);
    }
    this.writing = undefined;
  }
}

async function writeCompletely(file: number, bytes: Buffer): Promise<void> {
  let offset = 0;
  while (offset < bytes.length) {
    offset += await new Promise<number>((resolve, reject) => {
      write(file, bytes, offset, bytes.length - offset, null, (error, written) => {
        if (error !== null) reject(error);
        else resolve(written);
      });
    });
  }
}
