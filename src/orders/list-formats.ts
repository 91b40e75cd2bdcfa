import type { HistoryEntry } from './order-responses';

/** Content types of the list, the preferred one first (orders.md 4.2). */
export const LIST_TYPES = [
  'application/json',
  'text/csv',
  'application/vnd.ms-excel',
  'application/pdf',
] as const;
export type ListType = (typeof LIST_TYPES)[number];

type Kind = 'text' | 'code' | 'number' | 'boolean' | 'time';

/** Columns are the JSON members (orders.md 4.2). `text` is what people typed, `code` what a program made. */
const COLUMNS: Readonly<Record<keyof HistoryEntry, Kind>> = {
  order_id: 'text',
  row_id: 'number',
  timestamp: 'time',
  amount: 'code',
  summary: 'text',
  refundable: 'boolean',
  paid: 'boolean',
  refund_amount: 'code',
  pending_refund_amount: 'code',
};
const NAMES = Object.keys(COLUMNS) as (keyof HistoryEntry)[];
const MS_PER_SECOND = 1000;

/** One value as text; absent: empty. Times as RFC 3339. */
function cellText(entry: HistoryEntry, name: keyof HistoryEntry): string {
  const value = entry[name];
  if (value === undefined) return '';
  if (typeof value === 'object') return formatTime(value.t_s);
  return String(value);
}

function formatTime(seconds: number | 'never'): string {
  // No order is created at "never"; the word is what the protocol says all the same.
  if (seconds === 'never') return seconds;
  return new Date(seconds * MS_PER_SECOND).toISOString().replace('.000Z', 'Z');
}

/** CSV as RFC 4180 has it, with a header line. */
export function toCsv(entries: readonly HistoryEntry[]): string {
  const lines = entries.map((entry) =>
    NAMES.map((name) => {
      const text = cellText(entry, name);
      return quoteCsv(COLUMNS[name] === 'text' ? defuse(text) : text);
    }).join(','),
  );
  return [NAMES.join(','), ...lines, ''].join('\r\n');
}

function quoteCsv(text: string): string {
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** What spreadsheets take for the beginning of a formula, also behind blanks and in its full-width forms. */
const FORMULA = /^\s*[=+\-@\uff1d\uff0b\uff0d\uff20]|^[\t\r\n]/;

/** An apostrophe makes text of what a spreadsheet would run: a summary can come from a stranger. */
function defuse(text: string): string {
  return FORMULA.test(text) ? `'${text}` : text;
}

const SPREADSHEET_HEAD = `<?xml version="1.0" encoding="UTF-8"?>
<?mso-application progid="Excel.Sheet"?>
<Workbook xmlns="urn:schemas-microsoft-com:office:spreadsheet" xmlns:ss="urn:schemas-microsoft-com:office:spreadsheet">
<Styles><Style ss:ID="time"><NumberFormat ss:Format="yyyy\\-mm\\-dd\\ hh:mm:ss"/></Style></Styles>
<Worksheet ss:Name="orders"><Table>
`;
const SPREADSHEET_END = '</Table></Worksheet></Workbook>\n';

/** An XML spreadsheet of 2003. Cells name their type, so that nothing in them is taken for a formula. */
export function toSpreadsheet(entries: readonly HistoryEntry[]): string {
  const head = NAMES.map((name) => dataCell('String', name)).join('');
  const rows = entries.map((entry) => {
    const cells = NAMES.map((name) => spreadsheetCell(entry, name));
    return `<Row>${cells.join('')}</Row>\n`;
  });
  return `${SPREADSHEET_HEAD}<Row>${head}</Row>\n${rows.join('')}${SPREADSHEET_END}`;
}

function spreadsheetCell(entry: HistoryEntry, name: keyof HistoryEntry): string {
  const text = cellText(entry, name);
  switch (COLUMNS[name]) {
    case 'number':
      return dataCell('Number', text);
    case 'boolean':
      return dataCell('Boolean', text === 'true' ? '1' : '0');
    case 'time':
      // This format knows no time zone: it is UTC.
      return dataCell('DateTime', text.replace('Z', '.000'), ' ss:StyleID="time"');
    case 'code':
    case 'text':
      return dataCell('String', text);
  }
}

function dataCell(type: string, text: string, style = ''): string {
  return `<Cell${style}><Data ss:Type="${type}">${escapeXml(text)}</Data></Cell>`;
}

/** Characters that XML 1.0 cannot hold in any spelling; the database holds no unpaired surrogates. */
const NOT_XML = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g;

function escapeXml(text: string): string {
  return text
    .replace(NOT_XML, '\ufffd')
    .replace(/[&<>"'\t\n\r]/g, (character) => `&#${character.charCodeAt(0)};`);
}
