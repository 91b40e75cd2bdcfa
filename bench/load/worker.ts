import type { Job, Reply, Results } from './jobs';
import { runLoad } from './run-load';
import { runTriggers, runWakeRounds, Waiters } from './run-waiters';

/** A process that makes load and nothing else: one job at a time, over IPC. */
const waiters = new Waiters();

function run(job: Job): Promise<Results[keyof Results]> {
  switch (job.kind) {
    case 'load':
      return runLoad(job);
    case 'open-waiters':
      return waiters.open(job);
    case 'collect-waiters':
      return waiters.collect(job);
    case 'wake-rounds':
      return runWakeRounds(job);
    case 'trigger':
      return runTriggers(job);
  }
}

process.on('message', (job: Job) => {
  const answer = (reply: Reply): void => void process.send?.(reply);
  run(job).then(
    (result) => answer({ result }),
    (error: unknown) => answer({ error: error instanceof Error ? error.message : String(error) }),
  );
});
// Whoever gave the jobs is gone.
process.on('disconnect', () => process.exit(0));
