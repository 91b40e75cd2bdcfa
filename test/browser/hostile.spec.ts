import { renderPage } from '../../src/pages/render-page';
import { createOrder, startTestWorld, type TestShop, type TestWorld } from '../support/app';
import { createClaimed, payNothing, withQuery } from '../e2e/orders/helpers';
import { viewsOf } from '../unit/pages/views';
import { describeInBrowser, keepScreenshot, visit } from './support/browser';
import { until } from '../support/until';

// Many steps each, of which one may take a minute (support/browser.ts).
jest.setTimeout(300_000);

/** Each would show itself: as a dialog, a message on the console, another title, an element too many. */
const ATTACKS = [
  '<script>alert(1)</script>',
  '</script><script>alert(1)</script>',
  '</style><style>*{display:none}</style>',
  '</title></head><body onload=alert(1)>',
  '"><img src=x onerror=alert(1)>',
  `' autofocus onfocus='alert(1)`,
  '<iframe srcdoc="<script>parent.alert(1)</script>">',
  '<meta http-equiv="refresh" content="0;url=https://evil.example/">',
  '<base href="https://evil.example/">',
  '<form action="https://evil.example/"><input name="a"></form>',
  '<link rel="stylesheet" href="https://evil.example/x.css">',
  '<a href="javascript:alert(1)" id="status">here</a>',
  '<!--',
  '<svg><style><img src=x onerror=alert(1)>',
  '<math><mtext><table><mglyph><style><!--</style><img title="--&gt;&lt;img src=1 onerror=alert(1)&gt;">',
  '<noscript><p title="</noscript><img src=x onerror=alert(1)>">',
  '&lt;script&gt;alert(1)&lt;/script&gt;',
  '<%= process.exit() %>',
  '\u202eesrever\u2066',
];

/** What a document is built of, as the browser's own parser sees it. */
const BUILD = `(html) => {
  const parsed = new DOMParser().parseFromString(html, 'text/html');
  return [...parsed.querySelectorAll('*')].map((element) => element.tagName + ' ' + element.getAttributeNames().join(' '));
}`;

describeInBrowser('a contract that would like to be more than text', (browser) => {
  let world: TestWorld;
  let shop: TestShop;
  beforeAll(async () => {
    world = await startTestWorld();
    shop = world.shop;
  });
  afterAll(() => world?.close());

  const orderOf = (text: string) => ({
    amount: 'KUDOS:0',
    summary: text,
    summary_i18n: { en: text },
    fulfillment_message: text,
    fulfillment_url: text,
    public_reorder_url: text,
    products: [
      {
        product_name: text,
        description: text,
        unit: text,
        quantity: 2,
        taxes: [{ name: text, tax: 'KUDOS:0' }],
      },
    ],
    delivery_location: { street: text, address_lines: [text] },
  });

  it.each(ATTACKS)('is text on the page to pay and on the receipt: %s', async (attack) => {
    const order = await createClaimed(shop, orderOf(attack));
    const plain = await createClaimed(shop, orderOf('x'));
    const { page, faults } = await browser().newTab();
    const requested: string[] = [];
    page.on('request', (request) => requested.push(new URL(request.url()).origin));
    const countAll = () => page.evaluate('document.querySelectorAll("*").length');
    const urlOf = ({ orderId, token }: typeof order) =>
      shop.url + withQuery(`orders/${orderId}`, { token: token ?? '' });

    await visit(page, urlOf(plain));
    const elements = await countAll();
    await visit(page, urlOf(order));
    expect(await page.getByRole('heading', { level: 1 }).textContent()).toBe(attack);
    expect(await countAll()).toBe(elements);
    const inTitle = attack
      .slice(0, 80)
      .replace(/[\u202e\u2066]/g, '')
      .replace(/\s+/g, ' ');
    expect(await page.title()).toContain(inTitle);
    await payNothing(shop, order.orderId);
    await page.getByRole('heading', { name: 'Paid. Thank you!' }).waitFor();
    expect(await page.locator('.message').textContent()).toBe(attack);
    expect(await page.getByRole('link').count()).toBe(0);
    expect(faults).toEqual([]);
    expect([...new Set(requested)]).toEqual([new URL(shop.url).origin]);
    await keepScreenshot(page, 'receipt-hostile');
  });

  it('builds the same document as any other, as the parser of a browser sees it', async () => {
    const { page, faults } = await browser().newTab();
    await visit(page, `${shop.url}orders/nobody`);
    const build = (text: (place: number) => string) =>
      Promise.all(
        viewsOf({ text, url: 'https://shop.example/' }).map((view) =>
          page.evaluate<string[]>(`(${BUILD})(${JSON.stringify(renderPage(view).html)})`),
        ),
      );
    const plain = await build((place) => `${place} x`);
    for (const attack of ATTACKS) {
      expect(await build((place) => `${place} ${attack}`.replaceAll('\n', ' ').slice(0, 85))).toEqual(plain);
    }
    expect(faults).toEqual([]);
  });

  it('could run nothing even if it were markup: the policy of the page stops it', async () => {
    const { orderId } = await createOrder(shop, {}, { create_token: false });
    const { page, faults } = await browser().newTab();
    await page.route(`${shop.url}orders/${orderId}`, async (route) => {
      const response = await route.fetch();
      const body = (await response.text()).replace(
        '<main',
        '<script>document.title = "run"</script><img src="x" onerror="alert(1)"><p style="color:red">' +
          '<img src="https://evil.example/a.png"></p><main',
      );
      await route.fulfill({ response, body });
    });
    await visit(page, `${shop.url}orders/${orderId}`);
    expect(await page.title()).not.toBe('run');
    // The script, its handler, the style and the pictures are refused, each with a word on the console, in its own time.
    const isPolicy = (fault: string) => fault.includes('Content Security Policy');
    await until(() => faults.filter(isPolicy).length >= 4, 'four refusals');
    expect(await page.title()).not.toBe('run');
    expect(faults.filter((fault) => !isPolicy(fault))).toEqual([]);
  });
});
