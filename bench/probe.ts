import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * Loaded into the server under test before its own code (`node --expose-gc --require`): SIGUSR2 makes it collect its
 * garbage and write down what is left, so that memory per waiter is not what the collector was too lazy to free.
 */
export interface MemoryNote {
  readonly heapUsed: number;
  readonly external: number;
  readonly rss: number;
}

const directory = process.env['BENCH_PROBE_DIRECTORY'];
const collect = (globalThis as { gc?: () => void }).gc;
if (directory !== undefined && collect !== undefined) {
  process.on('SIGUSR2', () => {
    collect();
    // Once more: the first run only finds out what finalizers have to free.
    setImmediate(() => {
      collect();
      const { heapUsed, external, rss } = process.memoryUsage();
      const note: MemoryNote = { heapUsed, external, rss };
      writeFileSync(join(directory, `memory-${process.pid}.json`), JSON.stringify(note));
    });
  });
}
