import { parseArgs } from 'node:util';

/** What can be asked for with --only. */
export const ROW_NAMES = [
  'status',
  'public',
  'create',
  'claim',
  'paid',
  'unclaim',
  'pay',
  'refund',
  'list',
  'pages',
  'statements',
  'waiters',
  'scale',
  'start',
  'reference',
] as const;
export type RowName = (typeof ROW_NAMES)[number];

export interface Selection {
  readonly isQuick: boolean;
  readonly only: ReadonlySet<RowName>;
}

/** @returns undefined for arguments that are not known */
export function parseArguments(args: readonly string[]): Selection | undefined {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: { quick: { type: 'boolean', default: false }, only: { type: 'string' } },
    });
    const names = values.only?.split(',').map((name) => name.trim()) ?? [...ROW_NAMES];
    if (!names.every(isRowName)) return undefined;
    return { isQuick: values.quick, only: new Set(names) };
  } catch {
    return undefined;
  }
}

function isRowName(name: string): name is RowName {
  return (ROW_NAMES as readonly string[]).includes(name);
}
