/** Which order of which merchant: what pay and refund URIs have in common. */
export interface OrderLocation {
  /** Base URL of the instance with its final slash, `http:` or `https:`. */
  readonly baseUrl: string;
  readonly orderId: string;
}

export interface PayUri extends OrderLocation {
  /** Empty if the URI names no session. */
  readonly sessionId: string;
  /** Base32, only if the order has a claim token. */
  readonly claimToken?: string;
}

/**
 * `taler://pay/HOST[/PREFIX]/ORDER_ID/SESSION_ID[?c=TOKEN]` (conventions.md 11, orders.md 9.4). The slash before
 * the session stays when there is none; `taler+http` if the base URL is plain http.
 *
 * @throws TypeError if the base URL is no URL, RangeError if it is not http(s) or has no final slash
 */
export function formatPayUri(parts: {
  baseUrl: string;
  orderId: string;
  sessionId?: string;
  claimToken?: string;
}): string {
  const { scheme, location } = talerLocation(parts.baseUrl);
  const query = parts.claimToken === undefined ? '' : `?c=${encodeURIComponent(parts.claimToken)}`;
  const order = encodeURIComponent(parts.orderId);
  return `${scheme}://pay/${location}${order}/${encodeURIComponent(parts.sessionId ?? '')}${query}`;
}

/** `taler://refund/HOST[/PREFIX]/ORDER_ID/`, with the final slash. @throws as formatPayUri */
export function formatRefundUri({ baseUrl, orderId }: OrderLocation): string {
  const { scheme, location } = talerLocation(baseUrl);
  return `${scheme}://refund/${location}${encodeURIComponent(orderId)}/`;
}

/** Reads a pay URI. @returns undefined if it is none */
export function parsePayUri(uri: string): PayUri | undefined {
  const parts = splitTalerUri(uri, 'pay');
  if (parts === undefined) return undefined;
  const claimToken = parts.query.get('c') ?? undefined;
  return { baseUrl: parts.baseUrl, orderId: parts.orderId, sessionId: parts.last, claimToken };
}

/** Reads a refund URI. @returns undefined if it is none */
export function parseRefundUri(uri: string): OrderLocation | undefined {
  const parts = splitTalerUri(uri, 'refund');
  if (parts === undefined || parts.last !== '') return undefined;
  return { baseUrl: parts.baseUrl, orderId: parts.orderId };
}

/** Scheme, and host with path prefix up to and including the slash before the order. */
function talerLocation(baseUrl: string): { scheme: string; location: string } {
  const url = new URL(baseUrl);
  if (url.protocol !== 'https:' && url.protocol !== 'http:')
    throw new RangeError(`not an http(s) URL: ${baseUrl}`);
  if (!url.pathname.endsWith('/')) throw new RangeError(`base URL without final slash: ${baseUrl}`);
  // URL lower-cases the host and drops the default port.
  return {
    scheme: url.protocol === 'https:' ? 'taler' : 'taler+http',
    location: `${url.host}${url.pathname}`,
  };
}

const TALER_URI = /^(taler|taler\+http):\/\/([a-z-]+)\/([^?#]*)(?:\?([^#]*))?$/i;

interface TalerUriParts extends OrderLocation {
  /** Last segment of the path, decoded: the session of pay URIs. */
  readonly last: string;
  readonly query: URLSearchParams;
}

function splitTalerUri(uri: string, action: string): TalerUriParts | undefined {
  const match = TALER_URI.exec(uri);
  if (match === null || match[2]?.toLowerCase() !== action) return undefined;
  const segments = (match[3] ?? '').split('/');
  if (segments.length < 3) return undefined;
  const [order, last] = segments.splice(-2).map(decodeSegment);
  if (order === undefined || order === '' || last === undefined) return undefined;
  const protocol = match[1]?.toLowerCase() === 'taler' ? 'https' : 'http';
  const baseUrl = normalizedUrl(`${protocol}://${segments.join('/')}/`);
  if (baseUrl === undefined) return undefined;
  return { baseUrl, orderId: order, last, query: new URLSearchParams(match[4] ?? '') };
}

function decodeSegment(segment: string): string | undefined {
  try {
    return decodeURIComponent(segment);
  } catch {
    return undefined; // a percent sign without two hex digits, or no UTF-8
  }
}

function normalizedUrl(text: string): string | undefined {
  return URL.canParse(text) ? new URL(text).href : undefined;
}
