import { create, type QRCodeSegment } from 'qrcode';

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
  const { size, data } = create(segmentsOf(text), { errorCorrectionLevel: 'M' }).modules;
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

/** Ids and tokens: shorter runs do not pay for the change of mode, which costs 13 bits or so each way. */
const ALPHANUMERIC_RUN = /[0-9A-Z $%*+\-./:]{12,}/g;

/**
 * Splits a text into what a QR code writes in 5.5 bits a character and what it writes in 8. The library finds the best
 * split by a search through a graph, which takes as long as all the rest and gains nothing on URIs of ours.
 */
function segmentsOf(text: string): QRCodeSegment[] {
  const segments: QRCodeSegment[] = [];
  const addBytes = (part: string) => {
    if (part !== '') segments.push({ data: Buffer.from(part, 'utf8'), mode: 'byte' });
  };
  let end = 0;
  for (const { 0: run, index } of text.matchAll(ALPHANUMERIC_RUN)) {
    addBytes(text.slice(end, index));
    segments.push({ data: run, mode: 'alphanumeric' });
    end = index + run.length;
  }
  addBytes(text.slice(end));
  return segments;
}
