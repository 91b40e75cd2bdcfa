import { type ChildProcess, fork } from 'node:child_process';
import { join } from 'node:path';
import type { Job, Reply, ResultOf } from './jobs';

/** The other end of worker.ts. One job at a time. */
export class LoadProcess {
  private readonly child: ChildProcess;

  constructor() {
    // Buffers travel as they are.
    this.child = fork(join(__dirname, 'worker.js'), { serialization: 'advanced', stdio: 'inherit' });
  }

  /** @throws Error with the words of the worker, or when it dies */
  run<J extends Job>(job: J): Promise<ResultOf<J>> {
    return new Promise((resolve, reject) => {
      const onExit = (): void => reject(new Error('the load process died'));
      this.child.once('exit', onExit);
      this.child.once('message', (reply: Reply) => {
        this.child.removeListener('exit', onExit);
        if ('error' in reply) reject(new Error(`${job.kind}: ${reply.error}`));
        else resolve(reply.result as ResultOf<J>);
      });
      this.child.send(job);
    });
  }

  close(): void {
    this.child.disconnect();
  }
}
