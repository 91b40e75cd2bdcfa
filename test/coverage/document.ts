import { errorFacts, TalerCode } from '../../src/taler/error-codes';
import { Coverage, CoveredRow, ExtraAnswer, testId } from './coverage';
import { ANY_ENDPOINT, codeKey, ReferenceRow } from './reference';
import type { AnswerKey, TestName } from './rows';

const HEAD = `# Protocol coverage

What the reference says, and the test that shows it. Written by \`npm test\` out of what the tests received over HTTP; do
not edit it. CI makes it anew and fails when it differs, when a row has neither test nor reason, and when a test shows
what a reason calls impossible.

How to read it: a row is an answer (status and error code; no code: not an error, or one that has none), a parameter, a
header, a code that the reference gives to no endpoint, or a decision that it asks for. Beside it stands the first test,
by file and name, that received it, looked at its status or body, and passed; of parameters and request headers the first
that sent it. Tests that looked themselves stand before those whose helpers did. Tests with random requests do not count.
The rows themselves are in \`test/coverage/\`.
`;

/** The heading of the answers that no row of the reference has. */
export const BEYOND = '## Beyond the reference\n';

/** The whole document. */
export function renderDocument({ groups, extras }: Coverage): string {
  const rows = groups.flatMap((group) => group.rows);
  const parts = [HEAD, summary(rows)];
  for (const group of groups) parts.push(`## ${group.title}\n`, ...places(group.rows));
  parts.push('## Cannot occur here\n', reasons(rows.filter((row) => row.exemption?.kind === 'never')));
  parts.push('## Not built yet\n', reasons(rows.filter((row) => row.exemption?.kind === 'later')));
  parts.push(BEYOND, extraTable(extras));
  return `${parts.join('\n').trimEnd()}\n`;
}

/** For each answer, parameter, header and code, by its key, the test that a document names. */
export function namedTests(document: string): Map<AnswerKey, string> {
  const found = new Map<AnswerKey, string>();
  let place = '';
  for (const line of document.split('\n')) {
    const heading = /^###? (.+?)(?: \([^()]*\))?$/.exec(line);
    if (heading?.[1] !== undefined) place = heading[1];
    const row = readRow(line);
    const key = row && keyOf(place, row.shown);
    if (row && key !== undefined) found.set(key, testId(row.test));
  }
  return found;
}

/** A line of a table that names one test; undefined for any other line. */
export function readRow(line: string): { readonly shown: string; readonly test: TestName } | undefined {
  const row = /^\| (.+?) \| `([^`]+)` (.*) \|$/.exec(line);
  if (!row) return undefined;
  const [, shown = '', file = '', test = ''] = row;
  return { shown, test: { file, test: unescape(test) } };
}

/** The other way round than the labels. */
function keyOf(place: string, shown: string): AnswerKey | undefined {
  const named = /^(query|header|answer header) `(.+)`$/.exec(shown);
  if (named) return `${place} ${named[1]} ${named[2]}`;
  const extra = /^(\S+ \S+): (\d+)(?: (\d+) \S+)?/.exec(shown);
  if (extra) return [extra[1], extra[2], extra[3]].filter((part) => part !== undefined).join(' ');
  if (place === ANY_ENDPOINT) return codeKey(Number.parseInt(shown, 10));
  const answer = /^(\d+)(?: (\d+) \S+)?$/.exec(shown);
  return answer ? [place, answer[1], answer[2]].filter((part) => part !== undefined).join(' ') : undefined;
}

function summary(rows: readonly CoveredRow[]): string {
  const shown = rows.filter((row) => !row.exemption && row.shownBy.length > 0).length;
  const count = (kind: string) => rows.filter((row) => row.exemption?.kind === kind).length;
  return `${rows.length} rows: ${shown} shown, ${count('never')} cannot occur here, ${count('later')} not built yet.\n`;
}

function places(rows: readonly CoveredRow[]): string[] {
  const byPlace = new Map<string, CoveredRow[]>();
  for (const row of rows) byPlace.set(row.place, [...(byPlace.get(row.place) ?? []), row]);
  return [...byPlace].flatMap(([place, all]) => {
    const counted = all.filter((row) => !row.exemption);
    if (counted.length === 0) return [];
    const sections = [...new Set(counted.map(({ section }) => section))];
    const title = sections.length === 1 ? `${place} (${sections[0]})` : place;
    return [`### ${title}\n`, table(['Row', 'Shown by'], counted.map(rowCells))];
  });
}

function rowCells(row: CoveredRow): string[] {
  const [only] = row.shownBy;
  if (!only) return [label(row), 'nothing'];
  if (row.kind === 'choice') return [label(row), row.shownBy.map(testCell).join('; ')];
  return [label(row), testCell(only)];
}

function label(row: ReferenceRow): string {
  if (row.kind === 'answer') return answerLabel(row.status ?? 0, row.code);
  if (row.kind === 'code') return codeLabel(row.code ?? 0);
  if (row.kind === 'choice') return `${row.section}: ${row.name ?? ''}`;
  return `${row.kind} \`${row.name ?? ''}\``;
}

function answerLabel(status: number, code: number | undefined): string {
  return code === undefined ? String(status) : `${status} ${codeLabel(code)}`;
}

function codeLabel(code: number): string {
  return `${code} ${errorFacts.get(code as TalerCode)?.name ?? 'of another registry'}`;
}

function testCell({ file, test }: TestName): string {
  return `\`${file}\` ${escape(test)}`;
}

function reasons(rows: readonly CoveredRow[]): string {
  if (rows.length === 0) return 'None.\n';
  return table(
    ['Row', 'Section', 'Reason'],
    rows.map((row) => [
      row.kind === 'answer' ? `${row.place}: ${label(row)}` : label(row),
      row.section,
      escape(row.exemption?.reason ?? ''),
    ]),
  );
}

function extraTable(extras: readonly ExtraAnswer[]): string {
  if (extras.length === 0) return 'None.\n';
  const cells = extras.map(({ endpoint, status, code, shownBy }) => [
    `${endpoint}: ${answerLabel(status, code)}`,
    testCell(shownBy),
  ]);
  return table(['Answer', 'Seen by'], cells);
}

function table(columns: readonly string[], rows: readonly (readonly string[])[]): string {
  const lines = [columns, columns.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`);
  return `${lines.join('\n')}\n`;
}

function escape(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('|', '\\|').replaceAll('\n', '\\n').replaceAll('<', '\\<');
}

function unescape(text: string): string {
  return text.replace(/\\(.)/g, (_whole, character: string) => (character === 'n' ? '\n' : character));
}
