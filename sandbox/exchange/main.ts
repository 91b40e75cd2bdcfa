import { parseArgs } from 'node:util';
import { readyLine, startSandboxExchange } from './exchange-server';

const USAGE = `usage: main.js [--port 9967] [--host 127.0.0.1] [--data-dir DIR] [--currency KUDOS] [--base-url URL]
A simulated GNU Taler exchange with its bank; see README.md next to the source.`;

const DEFAULT_PORT = '9967';
const EXIT_USAGE = 2;

interface Arguments {
  readonly port: number;
  readonly host: string;
  readonly currency: string;
  readonly dataDirectory: string | undefined;
  readonly baseUrl: string | undefined;
}

function readArguments(): Arguments | undefined {
  try {
    const { values } = parseArgs({
      options: {
        port: { type: 'string', default: DEFAULT_PORT },
        host: { type: 'string', default: '127.0.0.1' },
        currency: { type: 'string', default: 'KUDOS' },
        'data-dir': { type: 'string' },
        'base-url': { type: 'string' },
      },
    });
    const port = Number(values.port);
    if (!/^\d+$/.test(values.port) || port > 65_535 || !/^[A-Z]{1,11}$/.test(values.currency))
      return undefined;
    const { host, currency } = values;
    return { port, host, currency, dataDirectory: values['data-dir'], baseUrl: values['base-url'] };
  } catch {
    return undefined;
  }
}

async function main(): Promise<void> {
  const options = readArguments();
  if (options === undefined) {
    console.error(USAGE);
    process.exitCode = EXIT_USAGE;
    return;
  }
  const exchange = await startSandboxExchange(options);
  console.log(JSON.stringify(readyLine(exchange)));
  const stop = (): void => void exchange.close().then(() => process.exit(0));
  process.once('SIGTERM', stop);
  process.once('SIGINT', stop);
}

main().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
});
