import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { WalletError } from './wallet-error';

/** A call that makes no sense: the command prints the usage and exits with 2. */
export class UsageError extends Error {}

export type Command =
  'withdraw' | 'balance' | 'pay' | 'abort' | 'unclaim' | 'paid' | 'refund' | 'history' | 'help';

export interface Arguments {
  readonly command: Command;
  /** The one argument of the command, if it has one. */
  readonly argument: string | undefined;
  readonly exchange: string | undefined;
  readonly bank: string | undefined;
  readonly session: string | undefined;
  readonly choice: number | undefined;
  readonly force: boolean;
  readonly stateFile: string | undefined;
  readonly json: boolean;
}

export const USAGE = `Usage: npm run wallet -- COMMAND [OPTIONS]

  withdraw [AMOUNT]     get coins, for instance: withdraw KUDOS:20 (the default, in the exchange's currency)
  balance               what the wallet holds, per exchange
  pay URI               claim and pay the order of a taler://pay/ or taler+http://pay/ URI
  abort URI|ORDER       give an unfinished payment up and take its coins back
  unclaim URI           give a claimed, unpaid order free for other wallets
  paid URI|ORDER        show the receipt of a paid order for another browser session (--session)
  refund URI|ORDER      fetch what the shop gives back; also takes taler://refund/ URIs
  history               all withdrawals and purchases
  help                  this text

Options:
  --exchange URL   exchange to withdraw from (else $TALER_WALLET_EXCHANGE, else that of npm start)
  --bank URL       bank that fills the reserve (else bank/ below the exchange: the sandbox's bank)
  --session ID     browser session to bind the payment to (else that of the URI)
  --choice N       which choice of the contract to pay, counted from 0
  --force          unclaim even though a payment has been sent
  --wallet FILE    state file (else $TALER_WALLET_FILE, else wallet.json in $TALER_DATA_DIR or .data)
  --json           one JSON object on standard output

Exit code: 0 done, 1 refused or failed, 2 wrong usage.
`;

/** How many arguments each command takes: at least, at most. */
const ARGUMENT_COUNTS: Record<Command, readonly [number, number]> = {
  withdraw: [0, 1],
  balance: [0, 0],
  pay: [1, 1],
  abort: [1, 1],
  unclaim: [1, 1],
  paid: [1, 1],
  refund: [1, 1],
  history: [0, 0],
  help: [0, 0],
};

/** @throws UsageError */
export function parseArguments(argv: readonly string[]): Arguments {
  const { values, positionals } = readArguments(argv);
  const [name = 'help', ...rest] = positionals;
  if (!isCommand(name)) throw new UsageError(`unknown command: ${name}`);
  const command = values.help === true ? 'help' : name;
  const [least, most] = ARGUMENT_COUNTS[command];
  if (command !== 'help' && rest.length < least) throw new UsageError(`${command} needs an argument`);
  if (command !== 'help' && rest.length > most)
    throw new UsageError(`${command} takes no argument ${rest[most] ?? ''}`);
  if (command === 'paid' && values.session === undefined) throw new UsageError('paid needs --session');
  return {
    command,
    argument: rest[0],
    exchange: values.exchange,
    bank: values.bank,
    session: values.session,
    choice: values.choice === undefined ? undefined : parseChoiceIndex(values.choice),
    force: values.force === true,
    stateFile: values.wallet,
    json: values.json === true,
  };
}

export function stateFileOf(args: Arguments, env: NodeJS.ProcessEnv): string {
  return args.stateFile ?? nonEmpty(env['TALER_WALLET_FILE']) ?? join(dataDirectory(env), 'wallet.json');
}

/**
 * The exchange to withdraw from: option, environment, or the one that `npm start` wrote down.
 *
 * @throws UsageError if there is none of them
 */
export async function exchangeOf(args: Arguments, env: NodeJS.ProcessEnv): Promise<string> {
  const named = args.exchange ?? nonEmpty(env['TALER_WALLET_EXCHANGE']);
  if (named !== undefined) return named;
  const file = join(dataDirectory(env), 'sandbox-exchange.json');
  const text = await readFile(file, 'utf8').catch(() => undefined);
  if (text === undefined) {
    throw new UsageError(`no exchange: give --exchange URL, or run npm start first (there is no ${file})`);
  }
  const baseUrl = readBaseUrl(text);
  if (baseUrl === undefined)
    throw new WalletError('invalid-argument', `${file} names no exchange (base_url)`);
  return baseUrl;
}

function readArguments(argv: readonly string[]) {
  try {
    return parseArgs({
      args: [...argv],
      allowPositionals: true,
      options: {
        exchange: { type: 'string' },
        bank: { type: 'string' },
        session: { type: 'string' },
        choice: { type: 'string' },
        wallet: { type: 'string' },
        force: { type: 'boolean' },
        json: { type: 'boolean' },
        help: { type: 'boolean', short: 'h' },
      },
    });
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}

function isCommand(name: string): name is Command {
  return Object.hasOwn(ARGUMENT_COUNTS, name);
}

function parseChoiceIndex(text: string): number {
  if (!/^\d{1,4}$/.test(text)) throw new UsageError(`--choice takes a number, not ${text}`);
  return Number(text);
}

function dataDirectory(env: NodeJS.ProcessEnv): string {
  return nonEmpty(env['TALER_DATA_DIR']) ?? '.data';
}

function nonEmpty(text: string | undefined): string | undefined {
  return text === '' ? undefined : text;
}

function readBaseUrl(text: string): string | undefined {
  try {
    const { base_url: baseUrl } = JSON.parse(text) as { base_url?: unknown };
    return typeof baseUrl === 'string' ? baseUrl : undefined;
  } catch {
    return undefined;
  }
}
