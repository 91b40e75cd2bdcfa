import { setTimeout as delay } from 'node:timers/promises';
import { median } from '../clock';
import { residentBytes } from '../processes';
import { figure, type Row } from '../report';
import { type Bench, type Shop, startMerchant } from '../world';

const START_MS_MAX = 1_500;
const IDLE_BYTES_MAX = 160_000_000;

/** From the start of the process to the first connection accepted, and what it holds when nobody asks. */
export async function startRows(bench: Bench, shop: Shop): Promise<Row[]> {
  const starts: number[] = [];
  let bytes: number | undefined;
  for (let round = 1; round <= bench.sizes.startRounds; round++) {
    const merchant = await startMerchant(bench, shop.databaseUrl, { name: 'start', workers: 1 });
    starts.push(merchant.server.startMs);
    if (round === bench.sizes.startRounds) {
      await delay(bench.sizes.idleMs);
      bytes = residentBytes(merchant.server.pid);
    }
    await merchant.stop();
  }
  const startMs = median(starts);
  return [
    {
      operation: 'start to listening, existing database',
      ours: `${figure(startMs)} ms`,
      baseline: '-',
      ratio: '-',
      aim: '<= 1.5 s',
      isMet: startMs <= START_MS_MAX,
      facts: { starts },
    },
    {
      operation: 'idle memory',
      ours: bytes === undefined ? '-' : `${figure(bytes / 1e6)} MB`,
      baseline: '-',
      ratio: '-',
      aim: '<= 160 MB',
      isMet: bytes === undefined ? undefined : bytes <= IDLE_BYTES_MAX,
      note: `resident, ${bench.sizes.idleMs / 1000} s after the start`,
      facts: { bytes },
    },
  ];
}
