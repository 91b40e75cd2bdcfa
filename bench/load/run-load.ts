import { monotonicMs, quantile } from '../clock';
import { HOST } from '../settings';
import { Connection } from './connection';
import type { LoadJob, LoadResult } from './jobs';

/**
 * Keeps every connection busy until the time is up or, with `once`, the requests are.
 * @throws Error at the first answer with another status, quoting it
 */
export async function runLoad(job: LoadJob): Promise<LoadResult> {
  const connections = await Promise.all(
    Array.from({ length: job.connections }, () => Connection.open(job.port, HOST)),
  );
  const latencies: number[] = [];
  const bodies: string[] = [];
  let bodyBytes = 0;
  let next = 0;
  const startedMs = monotonicMs();
  const deadlineMs = startedMs + job.durationMs;
  const work = async (connection: Connection): Promise<void> => {
    for (;;) {
      const index = next++;
      const request = job.requests[job.order === 'once' ? index : index % job.requests.length];
      if (request === undefined) return;
      const sentMs = performance.now();
      const { status, body } = await connection.send(request);
      const answeredMs = performance.now();
      if (status !== job.status) throw new Error(`${status} instead of ${job.status}: ${body.toString()}`);
      latencies.push(answeredMs - sentMs);
      if (bodyBytes === 0) bodyBytes = body.length;
      if (job.keepBodies) bodies[index] = body.toString();
      if (monotonicMs() >= deadlineMs) return;
    }
  };
  try {
    await Promise.all(connections.map(work));
  } finally {
    for (const connection of connections) connection.close();
  }
  const seconds = (monotonicMs() - startedMs) / 1000;
  return {
    answered: latencies.length,
    seconds,
    perSecond: latencies.length / seconds,
    p50Ms: quantile(latencies, 0.5),
    p99Ms: quantile(latencies, 0.99),
    bodyBytes,
    bodies,
  };
}
