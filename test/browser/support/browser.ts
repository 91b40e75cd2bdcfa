import { accessSync, constants, mkdirSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import {
  type Browser,
  type BrowserContextOptions,
  chromium,
  type Page,
  type Response,
} from 'playwright-core';

/** What people are shown, for people to look at: one picture for each page and variant. */
const SCREENSHOTS = join(__dirname, '../../../test-output/screenshots');
/** A page of ours is there in milliseconds, and asks again after 15 s at most; a machine under load takes longer. */
const TIMEOUT_MS = 60_000;
/** A browser that starts for the first time on a machine under load. */
const LAUNCH_MS_MAX = 120_000;

/** Path of Chromium: CHROMIUM, else the one on the PATH; undefined: there is none. */
function findChromium(): string | undefined {
  const { CHROMIUM: chosen, PATH: path = '' } = process.env;
  const names =
    chosen === undefined ? path.split(delimiter).map((folder) => join(folder, 'chromium')) : [chosen];
  return names.find((name) => {
    try {
      accessSync(name, constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

/**
 * A suite that needs a browser. Where there is none it is skipped and says so; in CI (CI=true) it fails instead, since
 * nobody would notice there.
 */
export function describeInBrowser(name: string, suite: (browser: () => TestBrowser) => void): void {
  const path = findChromium();
  if (path === undefined && process.env['CI'] !== 'true') {
    process.stderr.write(`skipped, since there is no Chromium (install it, or set CHROMIUM): ${name}\n`);
    describe.skip(name, () => suite(() => fail()));
    return;
  }
  describe(name, () => {
    let browser: TestBrowser | undefined;
    beforeAll(async () => {
      if (path === undefined) throw new Error('CI without Chromium: .ci/run installs it');
      // Everything runs as root in containers, where Chromium has no sandbox of its own to offer.
      const args = process.getuid?.() === 0 ? ['--no-sandbox'] : [];
      browser = new TestBrowser(
        await chromium.launch({ executablePath: path, args, timeout: LAUNCH_MS_MAX }),
      );
    }, 2 * LAUNCH_MS_MAX);
    afterAll(() => browser?.close());
    afterEach(() => browser?.closeTabs());
    suite(() => browser ?? fail());
  });
}

function fail(): never {
  throw new Error('no browser');
}

/** A tab that notes what a careful page must never cause. */
export interface Tab {
  readonly page: Page;
  /** Violations of the security policy, script errors, dialogs. */
  readonly faults: readonly string[];
}

export class TestBrowser {
  private readonly closers: (() => Promise<void>)[] = [];

  constructor(private readonly browser: Browser) {}

  /** A new visitor: no cookies, no cache. */
  async newTab(options: BrowserContextOptions = {}): Promise<Tab> {
    const context = await this.browser.newContext({
      viewport: { width: 1200, height: 860 },
      locale: 'en-GB',
      timezoneId: 'UTC',
      ...options,
    });
    context.setDefaultTimeout(TIMEOUT_MS);
    const page = await context.newPage();
    this.closers.push(async () => {
      // A page asks on until its end, and what is on its way then matters to nobody.
      await page.unrouteAll({ behavior: 'ignoreErrors' });
      await context.close();
    });
    const faults: string[] = [];
    page.on('pageerror', (error) => faults.push(`script: ${error.message}`));
    page.on('dialog', (dialog) => {
      faults.push(`dialog: ${dialog.message()}`);
      void dialog.dismiss();
    });
    page.on('console', (message) => {
      // 402 is how the protocol says "please pay", and a test may cut the connection; Chromium logs both as errors.
      if (message.type() === 'error' && !message.text().startsWith('Failed to load resource')) {
        faults.push(`console: ${message.text()}`);
      }
    });
    return { page, faults };
  }

  async closeTabs(): Promise<void> {
    for (const close of this.closers.splice(0)) await close();
  }

  close(): Promise<void> {
    return this.browser.close();
  }
}

/** Opens a URL as a visitor does. */
export async function visit(page: Page, url: string): Promise<Response> {
  const response = await page.goto(url);
  if (!response) throw new Error(`no answer: ${url}`);
  return response;
}

/** Keeps a picture of the whole page as `name`.png. */
export async function keepScreenshot(page: Page, name: string): Promise<void> {
  mkdirSync(SCREENSHOTS, { recursive: true });
  await page.screenshot({ path: join(SCREENSHOTS, `${name}.png`), fullPage: true, animations: 'disabled' });
}

/** Lets the long polls of a page end early, as if their time were up: what happens then happens sooner. */
export async function shortenPolls(page: Page, timeoutMs: number): Promise<void> {
  await page.route(/[?&]timeout_ms=/, (route) =>
    route.continue({
      url: route
        .request()
        .url()
        .replace(/timeout_ms=\d+/, `timeout_ms=${timeoutMs}`),
    }),
  );
}

/**
 * Keeps a page without a script from looking again by itself after 15 s, which would come between the steps of a test on
 * a slow machine: it is told to do so after as many hours.
 */
export async function forbidRefresh(page: Page, url: string): Promise<void> {
  await page.route(url, async (route) => {
    const response = await route.fetch();
    const body = (await response.text()).replace('content="15"', 'content="54000"');
    await route.fulfill({ response, body });
  });
}
