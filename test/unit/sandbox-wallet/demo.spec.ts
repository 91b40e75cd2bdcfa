import { startSandboxExchange, type SandboxExchange } from '../../../sandbox/exchange/exchange-server';
import { runDemo } from '../../../sandbox/demo/demo';
import { shorten } from '../../../sandbox/demo/printer';
import { legacyPollUrl } from '../../../sandbox/demo/shop';
import { DepositingMerchant } from './depositing-merchant';
import { issuerOf } from './issuer';

let exchange: SandboxExchange;
let merchant: DepositingMerchant;

beforeAll(async () => {
  exchange = await startSandboxExchange({ rsaBits: 1024, aggregationIntervalMs: 0 });
});

beforeEach(async () => {
  merchant = new DepositingMerchant([await issuerOf(exchange)]);
  await merchant.start();
});

afterEach(async () => {
  await merchant.stop();
});

afterAll(async () => {
  await exchange.close();
});

async function demo(colours = false): Promise<{ isGood: boolean; text: string }> {
  let text = '';
  const isGood = await runDemo({
    merchantUrl: merchant.baseUrl,
    token: 'secret-token:x',
    exchangeUrl: exchange.baseUrl,
    output: { colours, write: (part) => (text += part) },
  });
  return { isGood, text };
}

describe('the demo', () => {
  it('tells the whole story with every request, status and time', async () => {
    const { isGood, text } = await demo();
    expect(text).toContain('All 14 steps came out as they should.');
    expect(isGood).toBe(true);
    expect(text.match(/^\d+\. /gm)).toHaveLength(14);
    expect(text).toMatch(/customer -> POST .*\/orders\/order-1\/pay\n/);
    expect(text).toMatch(/stranger -> POST .*\/claim\n(.*\n)+? {3}<- 409 {2}\([\d.]+ ms\)/);
    expect(text).toMatch(/KUDOS:1\.9[89] is back, confirmed by the exchange/);
    expect(text).toMatch(/answered after \d+ ms/);
    expect(text).not.toContain('\u001b[');
    expect(text).not.toMatch(/[0-9A-Z]{52}/);
  });

  it('uses colours on a terminal', async () => {
    expect((await demo(true)).text).toContain('\u001b[32m');
  });

  it('names the step that failed and ends there', async () => {
    merchant.script['unclaim'] = [{ status: 403, body: { code: 2303, hint: 'no' } }];
    const { isGood, text } = await demo();
    expect(isGood).toBe(false);
    expect(text).toContain('FAILED at step "The customer changes their mind and gives the order free"');
    expect(text).not.toContain('The customer pays');
  });

  it('notices when a refund does not come', async () => {
    merchant.script['refund'] = [{ status: 200, body: { taler_refund_uri: 'taler+http://refund/x/y/' } }];
    const { isGood, text } = await demo();
    expect(isGood).toBe(false);
    expect(text).toContain(
      'FAILED at step "The shop gives a part of the money back": expected refunded true',
    );
  });

  it('notices when the second wallet is refused with another answer than 409 and 2301', async () => {
    const script = (merchant.script['claim'] = []) as { status: number; body: { code: number } }[];
    // The first claim is honest, the one after it is not.
    merchant.lies = {
      claim: (body) => {
        script.push({ status: 404, body: { code: 2300 } });
        return body;
      },
    };
    const { isGood, text } = await demo();
    expect(isGood).toBe(false);
    expect(text).toContain(
      'FAILED at step "A second wallet cannot claim the same order": expected 409, got 404',
    );
  });
});

describe('the printer', () => {
  it('shortens keys and long lists, and leaves order ids alone', () => {
    const key = 'Q92WHCFHE2GWQWDHVHDXH2CXDF184XYHZ1B9PCZ5KNE7YQBYXB0G';
    expect(shorten({ a: key, list: [1, 2, 3, 4, 5], id: '2026.140-0ABCDEFGHJKMN', n: null })).toEqual({
      a: 'Q92WHC...XB0G',
      list: [1, 2, 3, '... 2 more'],
      id: '2026.140-0ABCDEFGHJKMN',
      n: null,
    });
  });
});

describe('legacyPollUrl', () => {
  it('puts public before instances', () => {
    expect(legacyPollUrl('http://h/')).toBe('http://h/public/poll-payment');
    expect(legacyPollUrl('http://h/pre/instances/shop/')).toBe(
      'http://h/pre/public/instances/shop/poll-payment',
    );
  });
});
