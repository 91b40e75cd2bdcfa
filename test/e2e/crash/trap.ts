import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** What is in the way of the server (kill-at-waypoint.js). */
const PRELOADED = join(__dirname, 'kill-at-waypoint.js');

/** A waypoint at which a server is killed. */
export class Trap {
  private readonly directory = mkdtempSync(join(tmpdir(), 'waypoint-'));
  private readonly file = join(this.directory, 'trap.json');
  private count = 0;

  constructor() {
    this.disarm();
  }

  /** For ServerProcess.start: a server that looks into this trap wherever it passes. */
  get setting() {
    return { nodeArguments: ['-r', PRELOADED], environment: { WAYPOINT_TRAP: this.file } };
  }

  /** Kills each process that passes the place for the `nth` time from now, or from its start. */
  arm(place: string, nth = 1): void {
    this.count += 1;
    writeFileSync(this.file, JSON.stringify({ place, nth, count: this.count }));
  }

  disarm(): void {
    writeFileSync(this.file, '');
  }

  remove(): void {
    rmSync(this.directory, { recursive: true, force: true });
  }
}
