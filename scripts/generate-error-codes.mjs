// Writes src/taler/error-codes.ts from src/taler/error-codes.csv.
// With --check it writes nothing and fails if the file is not what it would write.
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = new URL('..', import.meta.url);
const source = fileURLToPath(new URL('src/taler/error-codes.csv', root));
const target = fileURLToPath(new URL('src/taler/error-codes.ts', root));

const COLUMNS = ['name', 'value', 'http_status', 'hint', 'source'];

/** Cells of one line of CSV; a cell in double quotes may hold commas, and quotes written twice. */
function cellsOf(line) {
  const cells = [];
  for (const match of line.matchAll(/(?:^|,)(?:"((?:[^"]|"")*)"|([^,]*))/g)) {
    cells.push(match[1] === undefined ? match[2] : match[1].replaceAll('""', '"'));
  }
  return cells;
}

function readCodes(text) {
  const [header, ...lines] = text.split(/\r?\n/).filter((line) => line !== '');
  if (cellsOf(header).join() !== COLUMNS.join()) throw new Error(`unexpected columns: ${header}`);
  const names = new Set();
  const values = new Set();
  return lines.map((line) => {
    const cells = cellsOf(line);
    if (cells.length !== COLUMNS.length) throw new Error(`${cells.length} cells: ${line}`);
    const [name, value, httpStatus, hint] = cells;
    if (!/^[A-Z][A-Z0-9_]*$/.test(name) || names.has(name)) throw new Error(`bad or double name: ${line}`);
    if (!/^\d+$/.test(value) || values.has(value)) throw new Error(`bad or double value: ${line}`);
    if (!/^(0|[2-5]\d\d)$/.test(httpStatus)) throw new Error(`bad HTTP status: ${line}`);
    names.add(name);
    values.add(value);
    return { name, value: Number(value), httpStatus: Number(httpStatus), hint };
  });
}

function render(codes) {
  const members = codes.map(({ name, value }) => `  ${name}: ${value},`);
  const facts = codes.map(
    ({ name, httpStatus, hint }) =>
      `  [TalerCode.${name}, { name: '${name}', httpStatus: ${httpStatus}, hint: ${JSON.stringify(hint)} }],`,
  );
  return [
    '// Generated from error-codes.csv by scripts/generate-error-codes.mjs. Do not edit.',
    '',
    '/** Error codes of the registry; the numbers, not the names, are the interface (conventions.md 7). */',
    'export const TalerCode = {',
    ...members,
    '} as const;',
    '',
    'export type TalerCode = (typeof TalerCode)[keyof typeof TalerCode];',
    '',
    'export interface ErrorFacts {',
    '  readonly name: string;',
    '  /** Status of the registry; 0 for codes that no server sends. */',
    '  readonly httpStatus: number;',
    '  readonly hint: string;',
    '}',
    '',
    'export const errorFacts: ReadonlyMap<number, ErrorFacts> = new Map<number, ErrorFacts>([',
    ...facts,
    ']);',
    '',
  ].join('\n');
}

const codes = readCodes(readFileSync(source, 'utf8'));
const text = render(codes);

if (process.argv.includes('--check')) {
  if (readFileSync(target, 'utf8') !== text) {
    console.error('src/taler/error-codes.ts is out of date: run node scripts/generate-error-codes.mjs');
    process.exitCode = 1;
  }
} else {
  writeFileSync(target, text);
  console.log(`src/taler/error-codes.ts: ${codes.length} codes`);
}
