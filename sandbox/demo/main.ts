import { runDemo } from './demo';

const VARIABLES = ['DEMO_MERCHANT_URL', 'DEMO_TOKEN', 'DEMO_EXCHANGE_URL'] as const;

/**
 * The demo as a command: where to go is in the environment.
 *
 * @returns the exit code: 0 if all went well, 1 if a step failed, 2 if the environment is incomplete
 */
export async function main(env: NodeJS.ProcessEnv): Promise<number> {
  const [merchantUrl, token, exchangeUrl] = VARIABLES.map((name) => env[name]);
  if (!merchantUrl || !token || !exchangeUrl) {
    process.stderr.write(`demo: set ${VARIABLES.join(', ')}, or use npm run demo, which starts everything\n`);
    return 2;
  }
  const colours = process.stdout.isTTY === true && !env['NO_COLOR'];
  const output = { colours, write: (text: string) => void process.stdout.write(text) };
  return (await runDemo({ merchantUrl, token, exchangeUrl, output })) ? 0 : 1;
}

if (require.main === module) {
  main(process.env).then(
    (code) => {
      process.exitCode = code;
    },
    (error: unknown) => {
      process.stderr.write(
        `demo: unexpected failure: ${error instanceof Error ? (error.stack ?? '') : String(error)}\n`,
      );
      process.exitCode = 1;
    },
  );
}
