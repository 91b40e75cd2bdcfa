import type { ApiAnswer } from '../../support/api';
import { createOrder, createShop, startTestWorld, TestShop, TestWorld } from '../../support/app';
import { LONG_MS, untilAsleep } from '../long-poll/waiting';
import { createPaid, expectRefusal } from './helpers';

const HEADER =
  'order_id,row_id,timestamp,amount,summary,refundable,paid,refund_amount,pending_refund_amount\r\n';
const EXCEL = 'application/vnd.ms-excel';

describe('GET private/orders in several formats', () => {
  let world: TestWorld;
  let shop: TestShop;
  beforeAll(async () => {
    world = await startTestWorld();
    shop = await createShop(world.server, 'bookkeeper');
    await createPaid(shop, { order: { order_id: 'first', summary: 'one, "two"\r\n<three> & four' } });
    await world.database.query(
      `update orders set amount = 500000000, refund_granted = 250000000, refund_obtained = 50000000,
        created_us = 1795132800000000 where order_id = 'first'`,
    );
  });
  afterAll(() => world?.close());

  const list = (accept: string | undefined, query = '?limit=1', at = shop): Promise<ApiAnswer> =>
    at.api.get(`private/orders${query}`, {
      token: at.token,
      headers: accept === undefined ? {} : { accept },
    });

  const JSON_TYPE = 'application/json';
  const CSV_TYPE = 'text/csv; charset=utf-8; header=present';
  const EXCEL_TYPE = `${EXCEL}; charset=utf-8`;
  it.each<[string | undefined, string]>([
    [undefined, JSON_TYPE],
    ['', JSON_TYPE],
    ['*/*', JSON_TYPE],
    ['application/*', JSON_TYPE],
    ['application/json', JSON_TYPE],
    ['Application/JSON; charset=utf-8', JSON_TYPE],
    ['text/csv', CSV_TYPE],
    ['TEXT/CSV', CSV_TYPE],
    ['text/*', CSV_TYPE],
    ['text/html, text/csv', CSV_TYPE],
    ['text/csv;q=0.5, application/json;q=0.4', CSV_TYPE],
    ['text/csv;q=0.4, application/json;q=0.5', JSON_TYPE],
    ['text/csv;q=0.4, */*;q=0.5', JSON_TYPE],
    ['application/json;q=0, */*', CSV_TYPE],
    ['application/pdf;q=0.1, text/csv', CSV_TYPE],
    [EXCEL, EXCEL_TYPE],
    [`${EXCEL}, text/csv;q=0.9`, EXCEL_TYPE],
  ])('answers Accept: %s with %s', async (accept, type) => {
    const answer = await list(accept);
    expect(answer).toMatchObject({
      status: 200,
      headers: { 'content-type': type, 'cache-control': 'no-store', vary: 'Accept' },
    });
  });

  it.each(['text/html', 'image/*', 'application/xml', 'application/json;q=0', '*/*;q=0', 'nonsense'])(
    'has nothing for Accept: %s: 406 with 78, in JSON',
    async (accept) => {
      const detail = 'application/json, text/csv, application/vnd.ms-excel, application/pdf';
      expectRefusal(await list(accept), 406, 78, { detail });
    },
  );

  it.each(['application/pdf', 'application/pdf, text/csv;q=0.9'])(
    'cannot make a PDF without its tools: Accept: %s is 501 with 2048',
    async (accept) => {
      expectRefusal(await list(accept), 501, 2048);
    },
  );

  it('says in every format alike what is wrong with the query', async () => {
    expectRefusal(await list('text/csv', '?limit=many'), 400, 26, { detail: 'limit' });
    expectRefusal(await list('application/pdf', '?limit=many'), 400, 26, { detail: 'limit' });
  });

  it('has the length in answer to HEAD, and no body', async () => {
    const get = await list('text/csv');
    const head = await shop.api.call('HEAD', 'private/orders?limit=1', {
      token: shop.token,
      headers: { accept: 'text/csv' },
    });
    expect(head).toMatchObject({ status: 200, text: '' });
    expect(head.headers['content-length']).toBe(get.headers['content-length']);
  });

  it('writes CSV as RFC 4180 has it, amounts as the protocol, times as RFC 3339', async () => {
    const { text, headers } = await list('text/csv');
    const json = (await list('application/json')).body.orders as { row_id: number }[];
    expect(text).toBe(
      `${HEADER}first,${json[0]?.row_id},2026-11-20T00:00:00Z,KUDOS:5,` +
        '"one, ""two""\r\n<three> & four",true,true,KUDOS:2.5,KUDOS:2\r\n',
    );
    expect(Number(headers['content-length'])).toBe(Buffer.byteLength(text));
    expect((await list('text/csv', '?limit=0')).text).toBe(HEADER);
  });

  it.each([
    '=cmd|calc',
    '+1+1',
    '-1+1',
    '@SUM(1)',
    ' =1+1',
    '\t=1+1',
    '\n=1',
    '\r1',
    '\u00a0=1',
    '\uff1d1+1',
    '"=1"',
  ])('disarms in CSV what a spreadsheet would run: %j', async (summary) => {
    const hostile = await createShop(world.server, `hostile-${Buffer.from(summary).toString('hex')}`);
    await createOrder(hostile, { summary, order_id: '-A1' });
    const { text } = await list('text/csv', '', hostile);
    const shown = summary.startsWith('"') ? summary : `'${summary}`;
    const cell = /[",\r\n]/.test(shown) ? `"${shown.replaceAll('"', '""')}"` : shown;
    expect(text).toContain(`,KUDOS:5,${cell},false,`);
    expect(text).toContain(`\r\n'-A1,`);
  });

  it('writes a spreadsheet of 2003 with typed cells, in which nothing is markup or formula', async () => {
    const { text } = await list(EXCEL);
    expect(text).toMatch(
      /^<\?xml version="1.0" encoding="UTF-8"\?>\n<\?mso-application progid="Excel.Sheet"\?>\n/,
    );
    const [head, row, ...more] = [...text.matchAll(/<Row>(.*)<\/Row>/g)].map((match) => match[1] ?? '');
    expect(more).toEqual([]);
    expect(cellsOf(head ?? '').map(([, value]) => value)).toEqual(HEADER.trim().split(','));
    expect(cellsOf(row ?? '')).toEqual([
      ['String', 'first'],
      ['Number', expect.stringMatching(/^\d+$/)],
      ['DateTime', '2026-11-20T00:00:00.000'],
      ['String', 'KUDOS:5'],
      ['String', 'one, &#34;two&#34;&#13;&#10;&#60;three&#62; &#38; four'],
      ['Boolean', '1'],
      ['Boolean', '1'],
      ['String', 'KUDOS:2.5'],
      ['String', 'KUDOS:2'],
    ]);
    expect(text).not.toContain('Formula');
  });

  it('leaves out of the spreadsheet what XML cannot hold', async () => {
    const odd = await createShop(world.server, 'odd');
    await createOrder(odd, { summary: '\u0001a\u001fb\ufffec\u{1f600}</Data>' });
    const { text } = await list(EXCEL, '', odd);
    expect(text).toContain('<Data ss:Type="String">\ufffda\ufffdb\ufffdc\u{1f600}&#60;/Data&#62;</Data>');
  });

  it('waits in every format alike', async () => {
    const late = await createShop(world.server, 'late');
    const waiting = list('text/csv', `?limit=1&timeout_ms=${LONG_MS}`, late);
    await untilAsleep(world.server, 1);
    await createOrder(late, { order_id: 'at-last' });
    expect((await waiting).text).toMatch(/\r\nat-last,/);
  });
});

/** Type and text of each cell. */
function cellsOf(row: string): string[][] {
  return [...row.matchAll(/<Cell[^>]*><Data ss:Type="(\w+)">([^<]*)<\/Data><\/Cell>/g)].map((match) =>
    match.slice(1),
  );
}
