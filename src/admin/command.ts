import { parseArgs } from 'node:util';
import type { INestApplicationContext } from '@nestjs/common';
import { UsageError } from './usage';

/** What stands behind the name of a command. */
export interface Arguments {
  positional(index: number): string;
  text(name: string): string | undefined;
  flag(name: string): boolean;
  /** As read from standard input, for commands that need it. */
  password(): string;
}

export interface Command {
  readonly options: Readonly<Record<string, 'text' | 'flag'>>;
  readonly positionals: number;
  readonly needsPassword?: boolean;
  /** Looks at the arguments before anything is done. @throws UsageError */
  readonly check?: (args: Arguments) => void;
  /**
   * @returns what to print
   * @throws TalerError, or Error with a sentence for the operator
   */
  readonly run: (context: INestApplicationContext, args: Arguments) => Promise<string>;
}

/**
 * Reads what stands behind the command.
 * @throws UsageError for options that it does not have and for too many or too few words
 */
export function parseArguments(
  command: Command,
  words: readonly string[],
  password: () => string,
): Arguments {
  const { values, positionals } = parse(words, command.options);
  if (positionals.length !== command.positionals) {
    throw new UsageError(
      `words behind the command: ${positionals.length}, and ${command.positionals} are wanted`,
    );
  }
  return {
    positional: (index) => positionals[index] ?? '',
    text: (name) => (typeof values[name] === 'string' ? values[name] : undefined),
    flag: (name) => values[name] === true,
    password,
  };
}

function parse(words: readonly string[], options: Command['options']) {
  const types = Object.entries(options).map(
    ([name, kind]) => [name, { type: kind === 'flag' ? 'boolean' : 'string' }] as const,
  );
  try {
    return parseArgs({ args: [...words], options: Object.fromEntries(types), allowPositionals: true });
  } catch (error) {
    throw new UsageError((error as Error).message, { cause: error });
  }
}
