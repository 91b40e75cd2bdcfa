import { create } from 'qrcode';

/** Codes kept, about 5 KB each: a page is often opened again, by hand or by its meta tag. */
const CODES_MAX = 500;
/** Longer texts make codes that phones hardly read and that take long to compute: the page shows its link alone. */
const TEXT_LENGTH_MAX = 1000;
/** Modules of quiet zone that readers need on each side. */
const MARGIN = 4;

/** A QR code as one SVG path. */
export interface QrCode {
  /** Strokes one unit wide. */
  readonly path: string;
  /** Width and height with the quiet zone, in units. */
  readonly size: number;
}

const codes = new Map<string, QrCode>();

/** The QR code of a text, level M; undefined when the text is too long for one. */
export function qrCode(text: string): QrCode | undefined {
  if (text.length > TEXT_LENGTH_MAX) return undefined;
  const code = codes.get(text) ?? draw(text);
  // Put at the end again: the first one is then the one that nobody asked for the longest.
  codes.delete(text);
  codes.set(text, code);
  const [oldest] = codes.keys();
  if (codes.size > CODES_MAX && oldest !== undefined) codes.delete(oldest);
  return code;
}

function draw(text: string): QrCode {
  const { size, data } = create(text, { errorCorrectionLevel: 'M' }).modules;
  let path = '';
  for (let row = 0; row < size; row++) {
    const start = row * size;
    for (let column = 0; column < size; column++) {
      if (!data[start + column]) continue;
      const first = column;
      while (column < size && data[start + column]) column++;
      path += `M${first + MARGIN} ${row + MARGIN}.5h${column - first}`;
    }
  }
  return { path, size: size + 2 * MARGIN };
}
