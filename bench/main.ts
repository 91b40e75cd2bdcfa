import { LoadProcess } from './load/load-process';
import type { ExchangeFacts } from './merchant';
import { parseArguments, ROW_NAMES, type RowName } from './arguments';
import { describeMachine, type Report, toMarkdown, writeReport } from './report';
import { runTables } from './run-tables';
import { CONNECTIONS, sizesFor } from './settings';
import { withClient } from './database';

const VARIABLES = ['BENCH_DATABASE_URL', 'BENCH_EXCHANGE', 'BENCH_DIRECTORY'] as const;
const EXIT_USAGE = 2;

/** @returns the exit code: figures that miss their aim are no failure of the bench */
async function main(): Promise<number> {
  const selection = parseArguments(process.argv.slice(2));
  const [serverUrl, exchange, directory] = VARIABLES.map((name) => process.env[name]);
  if (selection === undefined || !serverUrl || !exchange || !directory) {
    process.stderr.write(`usage: npm run bench -- [--quick] [--only ${ROW_NAMES.join(',')}]\n`);
    return EXIT_USAGE;
  }
  const sizes = sizesFor(selection.isQuick);
  const load = new LoadProcess();
  const say = (line: string): void => void process.stderr.write(`${line}\n`);
  const bench = {
    sizes,
    serverUrl,
    directory,
    load,
    say,
    exchange: JSON.parse(exchange) as ExchangeFacts,
    exchangePids: (process.env['BENCH_EXCHANGE_PID'] ?? '').split(' ').filter(Boolean).map(Number),
  };
  const machine = describeMachine(await postgresVersion(serverUrl), {
    connections: CONNECTIONS,
    rounds: `median of ${sizes.rounds} of ${sizes.roundMs / 1000} s, ours and baseline in turn`,
    orders: `${sizes.paidOrders} to read, ${sizes.claimsPerRound * (sizes.rounds + 1)} to claim`,
    rows: isWhole(selection.only) && !sizes.isQuick ? 'all, full size' : 'a selection, not the record',
  });
  try {
    const tables = await runTables(bench, selection.only);
    const report: Report = { machine, tables };
    process.stdout.write(`\n${toMarkdown(report)}`);
    const isRecord = isWhole(selection.only) && !sizes.isQuick;
    say(`\nwritten to ${writeReport(report, isRecord ? 'latest' : 'selection')}`);
    return 0;
  } finally {
    load.close();
  }
}

const isWhole = (only: ReadonlySet<RowName>): boolean => only.size === ROW_NAMES.length;

async function postgresVersion(url: string): Promise<string> {
  return withClient(url, async (client) => {
    const { rows } = await client.query<{ version: string; fsync: string; commit: string }>(
      `select current_setting('server_version') as version, current_setting('fsync') as fsync,
         current_setting('synchronous_commit') as commit`,
    );
    const [row] = rows;
    return `${row?.version ?? '?'}, fsync=${row?.fsync ?? '?'}, synchronous_commit=${row?.commit ?? '?'}`;
  });
}

process.once('SIGTERM', () => process.exit(143));
process.once('SIGINT', () => process.exit(130));
main().then(
  (code) => process.exit(code),
  (error: unknown) => {
    process.stderr.write(
      `bench: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`,
    );
    process.exit(1);
  },
);
