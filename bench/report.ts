import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { cpus, totalmem } from 'node:os';
import { join } from 'node:path';
import { compiled } from './processes';

/** One line of a table. */
export interface Row {
  readonly operation: string;
  readonly ours: string;
  readonly baseline: string;
  readonly ratio: string;
  readonly aim: string;
  /** undefined: nothing to judge, `note` says why. */
  readonly isMet: boolean | undefined;
  readonly note?: string;
  /** Everything measured, for the JSON file. */
  readonly facts?: object;
}

export interface Table {
  readonly title: string;
  /** Heads of the columns two to four. */
  readonly heads: readonly [string, string, string];
  readonly rows: readonly Row[];
}

export interface Report {
  readonly machine: Readonly<Record<string, string | number>>;
  readonly tables: readonly Table[];
}

/** The machine and the programs, as far as they matter for the figures. */
export function describeMachine(
  postgresVersion: string,
  setup: Readonly<Record<string, string | number>>,
): Readonly<Record<string, string | number>> {
  return {
    date: new Date().toISOString(),
    revision: revision(),
    cpu: `${cpus().length} x ${cpus()[0]?.model ?? 'unknown'}`,
    memory: `${Math.round(totalmem() / 2 ** 30)} GiB`,
    node: process.version,
    postgresql: postgresVersion,
    ...setup,
  };
}

function revision(): string {
  try {
    return execFileSync('git', ['describe', '--always', '--dirty'], {
      cwd: compiled('..'),
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    }).trim();
  } catch {
    return 'unknown';
  }
}

/** A number with at most three digits that mean something, thousands grouped. */
export function figure(value: number): string {
  if (value >= 1000) return Math.round(value).toLocaleString('en-US');
  return value >= 100 ? value.toFixed(0) : value >= 10 ? value.toFixed(1) : value.toFixed(2);
}

const verdict = ({ isMet }: Row): string => (isMet === undefined ? '-' : isMet ? 'yes' : 'NO');

/** Markdown whose columns also line up on a terminal. */
export function toMarkdown(report: Report): string {
  const machine = Object.entries(report.machine).map(([name, value]) => `- ${name}: ${value}`);
  const tables = report.tables.flatMap((table) => {
    const notes = table.rows.filter(({ note }) => note !== undefined);
    return [
      '',
      `## ${table.title}`,
      '',
      ...layOut(table),
      ...(notes.length > 0 ? [''] : []),
      ...notes.map(({ operation, note }) => `- ${operation}: ${note ?? ''}`),
    ];
  });
  return `${['# Bench', '', ...machine, ...tables].join('\n')}\n`;
}

function layOut(table: Table): string[] {
  const cells = [
    ['operation', ...table.heads, 'aim', 'met'],
    ...table.rows.map((row) => [row.operation, row.ours, row.baseline, row.ratio, row.aim, verdict(row)]),
  ];
  const widths = cells[0]?.map((_, column) => Math.max(...cells.map((line) => line[column]?.length ?? 0)));
  const lines = cells.map((line) => {
    const padded = line.map((cell, column) => {
      const width = widths?.[column] ?? 0;
      return column === 0 ? cell.padEnd(width) : cell.padStart(width);
    });
    return `| ${padded.join(' | ')} |`;
  });
  const rule = widths?.map((width, column) =>
    column === 0 ? '-'.repeat(width) : `${'-'.repeat(width - 1)}:`,
  );
  return [lines[0] ?? '', `| ${rule?.join(' | ') ?? ''} |`, ...lines.slice(1)];
}

/**
 * Writes NAME.md and NAME.json.
 * @returns path of the markdown
 */
export function writeReport(report: Report, name: string): string {
  const folder = process.env['BENCH_RESULTS'] ?? join(compiled('..'), 'bench', 'results');
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, `${name}.json`), `${JSON.stringify(report, null, 2)}\n`);
  writeFileSync(join(folder, `${name}.md`), toMarkdown(report));
  return join(folder, `${name}.md`);
}
