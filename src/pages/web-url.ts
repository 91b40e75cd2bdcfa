/**
 * The URL if a browser may be sent there, in the ASCII form that can stand in a header. Shops choose these URLs freely:
 * `javascript:`, `data:` and whatever else is no http(s) never becomes a link.
 */
export function webUrl(text: unknown): string | undefined {
  if (typeof text !== 'string' || !URL.canParse(text)) return undefined;
  const { protocol, href } = new URL(text);
  return protocol === 'https:' || protocol === 'http:' ? href : undefined;
}
