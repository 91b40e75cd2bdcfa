import { parseArguments, stateFileOf, USAGE, UsageError } from './cli-arguments';
import { runCommand } from './cli-commands';
import { Wallet } from './wallet';
import { WalletError } from './wallet-error';

const EXIT_DONE = 0;
const EXIT_FAILED = 1;
const EXIT_USAGE = 2;

/** Where a command writes to; the process's own streams outside of tests. */
export interface Terminal {
  readonly out: (text: string) => void;
  readonly err: (text: string) => void;
}

/**
 * The wallet command.
 *
 * @param argv without node and script
 * @returns the exit code: 0 done, 1 refused or failed, 2 wrong usage
 */
export async function main(
  argv: readonly string[],
  env: NodeJS.ProcessEnv,
  terminal: Terminal,
): Promise<number> {
  const wantsJson = argv.includes('--json');
  try {
    const args = parseArguments(argv);
    if (args.command === 'help') {
      terminal.out(USAGE);
      return EXIT_DONE;
    }
    const wallet = await Wallet.open({ stateFile: stateFileOf(args, env) });
    try {
      const report = await runCommand(wallet, args, env);
      terminal.out(
        args.json ? `${JSON.stringify(report.json)}\n` : report.lines.map((line) => `${line}\n`).join(''),
      );
      return EXIT_DONE;
    } finally {
      await wallet.close();
    }
  } catch (error) {
    return reportFailure(error, wantsJson, terminal);
  }
}

function reportFailure(error: unknown, wantsJson: boolean, terminal: Terminal): number {
  if (error instanceof UsageError) {
    terminal.err(`wallet: ${error.message}\n\n${USAGE}`);
    return EXIT_USAGE;
  }
  if (!(error instanceof WalletError)) {
    terminal.err(
      `wallet: unexpected failure\n${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`,
    );
    return EXIT_FAILED;
  }
  if (wantsJson) {
    const { kind, message, status, body } = error;
    terminal.out(`${JSON.stringify({ error: { kind, message, status, body } })}\n`);
  } else {
    terminal.err(`wallet: ${error.message}\n`);
  }
  return error.kind === 'invalid-argument' ? EXIT_USAGE : EXIT_FAILED;
}

if (require.main === module) {
  void main(process.argv.slice(2), process.env, {
    out: (text) => void process.stdout.write(text),
    err: (text) => void process.stderr.write(text),
  }).then((code) => {
    process.exitCode = code;
  });
}
