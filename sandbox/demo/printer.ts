import { isJsonObject, type JsonValue } from '../../src/taler/json';
import type { HttpRecord } from '../wallet/http-client';

/** What the demo writes to. */
export interface Output {
  readonly write: (text: string) => void;
  /** Colours, for a terminal only. */
  readonly colours: boolean;
}

const BASE32_SHOWN_FROM = 24; // shorter ones (order ids, error codes) are worth reading
const TEXT_MAX = 240;
const LIST_ITEMS_MAX = 3;
const BODY_LINES_MAX = 30;
const LINE_MAX = 100;

/** Tells the story: headings, requests with their answers, remarks. */
export class Printer {
  private step = 0;

  constructor(private readonly output: Output) {}

  heading(title: string): void {
    this.step += 1;
    this.line(`\n${this.paint('bold', `${this.step}. ${title}`)}`);
  }

  /** One request and its answer, as they went over the wire. */
  exchange(who: string, record: HttpRecord): void {
    const { method, url, requestText, answer, durationMs } = record;
    this.line(`   ${this.paint('cyan', `${who} -> ${method} ${shortenText(url)}`)}`);
    this.body(requestText === undefined ? undefined : parse(requestText));
    const took = `${durationMs.toFixed(1)} ms`;
    if (answer === undefined) {
      this.line(`   ${this.paint('red', `<- no answer after ${took}`)}`);
      return;
    }
    this.line(`   ${this.paint(answer.status < 400 ? 'green' : 'yellow', `<- ${answer.status}  (${took})`)}`);
    this.body(answer.body);
  }

  remark(text: string): void {
    this.line(`   ${text}`);
  }

  success(text: string): void {
    this.line(`   ${this.paint('green', `ok: ${text}`)}`);
  }

  failure(text: string): void {
    this.line(`\n${this.paint('red', text)}`);
  }

  line(text: string): void {
    this.output.write(`${text}\n`);
  }

  private body(value: JsonValue | undefined): void {
    if (value === undefined) return;
    const lines = layOut(shorten(value)).split('\n');
    const shown = lines.slice(0, BODY_LINES_MAX);
    if (lines.length > shown.length) shown.push(`... ${lines.length - shown.length} more lines`);
    for (const line of shown) this.line(`      ${this.paint('dim', line)}`);
  }

  private paint(style: keyof typeof STYLES, text: string): string {
    return this.output.colours ? `\u001b[${STYLES[style]}m${text}\u001b[0m` : text;
  }
}

const STYLES = { bold: 1, dim: 2, red: 31, green: 32, yellow: 33, cyan: 36 } as const;

/** A JSON value cut down for reading: long keys and texts shortened, long lists after their first items. */
export function shorten(value: JsonValue): JsonValue {
  if (typeof value === 'string') return shortenText(value);
  if (Array.isArray(value)) {
    const shown = value.slice(0, LIST_ITEMS_MAX).map(shorten);
    return value.length > LIST_ITEMS_MAX ? [...shown, `... ${value.length - LIST_ITEMS_MAX} more`] : shown;
  }
  if (!isJsonObject(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, shorten(member)]));
}

/** JSON with line breaks only where a line would become too long. */
function layOut(value: JsonValue, indent = ''): string {
  const flat = JSON.stringify(value);
  if (indent.length + flat.length <= LINE_MAX || typeof value !== 'object' || value === null) return flat;
  const inner = `${indent}  `;
  const items = Array.isArray(value)
    ? value.map((item) => `${inner}${layOut(item, inner)}`)
    : Object.entries(value).map(
        ([name, member]) => `${inner}${JSON.stringify(name)}: ${layOut(member, inner)}`,
      );
  const [open, close] = Array.isArray(value) ? '[]' : '{}';
  return `${open}\n${items.join(',\n')}\n${indent}${close}`;
}

const BASE32_RUN = new RegExp(`[0-9A-HJKMNP-TV-Z]{${BASE32_SHOWN_FROM},}`, 'g');

function shortenText(text: string): string {
  const short = text.replace(BASE32_RUN, (run) => `${run.slice(0, 6)}...${run.slice(-4)}`);
  return short.length > TEXT_MAX ? `${short.slice(0, TEXT_MAX)}...` : short;
}

function parse(text: string): JsonValue {
  try {
    return JSON.parse(text) as JsonValue;
  } catch {
    return text;
  }
}
