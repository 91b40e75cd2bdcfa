import { createHash } from 'node:crypto';
import { Eta } from 'eta';
import type { PageView } from './page-view';
import { SCRIPT } from './script';
import { showPage } from './shown-page';
import { STYLE } from './style';
import { TEMPLATES } from './templates';

/** Longer Taler headers would hit the limits of proxies and browsers; the page itself still has the URI. */
const TALER_HEADER_LENGTH_MAX = 4000;
/** A coin. */
const ICON =
  "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 32 32'%3E%3Ccircle cx='16' cy='16' r='15' fill='%230042b3'/%3E%3Cpath d='M9 10h14M16 10v13' stroke='%23fff' stroke-width='4'/%3E%3C/svg%3E";

/**
 * Our own style sheet and script by their hashes, images within the page, JSON from where the page came from; nothing
 * else: whatever a contract might smuggle into the markup would not run, load or send anything.
 */
export const CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  `style-src '${hashOf(STYLE)}'`,
  `script-src '${hashOf(SCRIPT)}'`,
  'img-src data:',
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

/** A page ready to be sent. */
export interface RenderedPage {
  readonly html: string;
  readonly headers: Readonly<Record<string, string>>;
}

const eta = new Eta({ autoEscape: true, autoTrim: false });
// Compiled at the first use of each, then kept.
for (const [name, template] of Object.entries(TEMPLATES)) eta.loadTemplate(name, template);

/** Renders a page. The same view gives the same page. */
export function renderPage(view: PageView): RenderedPage {
  const page = showPage(view);
  const html = eta.render('@page', { ...page, style: STYLE, script: SCRIPT, icon: ICON });
  const uri = page.taler?.uri;
  return {
    html,
    headers: {
      'Content-Type': 'text/html; charset=utf-8',
      'Content-Language': view.language,
      'Content-Security-Policy': CONTENT_SECURITY_POLICY,
      'Cache-Control': 'no-store',
      ...(uri !== undefined && uri.length <= TALER_HEADER_LENGTH_MAX ? { Taler: uri } : {}),
    },
  };
}

function hashOf(text: string): string {
  return `sha256-${createHash('sha256').update(text).digest('base64')}`;
}
