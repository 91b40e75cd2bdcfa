/** Longer headers are no browser's; what stands behind is not looked at. */
const HEADER_LENGTH_MAX = 4096;

/**
 * True when the client wants a page: `text/html` has a strictly higher quality than `application/json` (orders.md 2.5),
 * so that scripts which send `*` + `/*` or nothing get JSON.
 */
export function prefersHtml(accept: string | undefined): boolean {
  if (accept === undefined || !/html|\*/i.test(accept)) return false;
  const ranges = parseRanges(accept);
  return qualityOf(ranges, 'text', 'html') > qualityOf(ranges, 'application', 'json');
}

/**
 * True when the client refuses English in so many words (`en;q=0` or `*;q=0`). One that merely does not ask for any
 * of our languages is better served by an English page than by none (RFC 9110 12.5.4).
 */
export function refusesEnglish(acceptLanguage: string | undefined): boolean {
  return parseRanges(acceptLanguage ?? '').some(
    ({ range, quality }) => quality === 0 && (range === '*' || range === 'en'),
  );
}

interface Range {
  readonly range: string;
  /** 0 to 1 in thousandths. */
  readonly quality: number;
}

const QUALITY = /^q\s*=\s*(0(?:\.\d{0,3})?|1(?:\.0{0,3})?)$/i;

/** The elements of a header with their qualities (RFC 9110 12.4.2); a quality that is none counts as 1. */
function parseRanges(header: string): Range[] {
  return header
    .slice(0, HEADER_LENGTH_MAX)
    .split(',')
    .map((element) => {
      const [range = '', ...parameters] = element.split(';').map((part) => part.trim());
      const quality = parameters
        .map((parameter) => QUALITY.exec(parameter)?.[1])
        .find((q) => q !== undefined);
      return { range: range.toLowerCase(), quality: thousandths(quality ?? '1') };
    });
}

function thousandths(quality: string): number {
  const [whole = '0', fraction = ''] = quality.split('.');
  return Number(whole) * 1000 + Number(fraction.padEnd(3, '0'));
}

/** Of the most specific range that covers the type; 0: not acceptable. */
function qualityOf(ranges: readonly Range[], type: string, subtype: string): number {
  for (const wanted of [`${type}/${subtype}`, `${type}/*`, '*/*']) {
    const covering = ranges.filter(({ range }) => range === wanted);
    if (covering.length > 0) return Math.max(...covering.map(({ quality }) => quality));
  }
  return 0;
}
