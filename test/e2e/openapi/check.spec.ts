import { checkAgainstDocument, DocumentedExchange } from '../../support/api-document';

const ORDER_ID = '2026.324-03G33PTAY2C6T';

function exchange(changes: Partial<DocumentedExchange> & { body?: unknown }): DocumentedExchange {
  const text = changes.body === undefined ? '' : JSON.stringify(changes.body);
  return {
    method: 'POST',
    url: 'http://localhost:9966/instances/shop/private/orders',
    status: 200,
    headers: { 'content-type': 'application/json; charset=utf-8' },
    text,
    body: changes.body,
    ...changes,
  };
}

const CREATED = { order_id: ORDER_ID, token: '0'.repeat(26), pay_deadline: { t_s: 1795132800 } };
const UNAUTHORIZED = { code: 2015, hint: 'no', request_id: 'a-1' };

describe('checkAgainstDocument', () => {
  it('accepts a documented answer at the root and below an instance', () => {
    checkAgainstDocument(exchange({ body: CREATED }));
    checkAgainstDocument(exchange({ body: CREATED, url: 'http://localhost:9966/private/orders' }));
    checkAgainstDocument(exchange({ status: 401, body: UNAUTHORIZED }));
  });

  it.each<[string, RegExp, Partial<DocumentedExchange>]>([
    ['a member with a wrong name', /additional/, { body: { ...CREATED, tokken: 'x' } }],
    ['a missing member', /required.*order_id/, { body: { pay_deadline: CREATED.pay_deadline } }],
    ['a member of a wrong type', /pay_deadline/, { body: { ...CREATED, pay_deadline: 1795132800 } }],
    ['a base32 text of a wrong length', /token/, { body: { ...CREATED, token: '00' } }],
    ['an undocumented status', /statuses 200, 400/, { status: 201, body: CREATED }],
    ['an error code of another status', /allowed values/, { status: 403, body: UNAUTHORIZED }],
    ['an error without request id', /request_id/, { status: 401, body: { code: 2015, hint: 'no' } }],
    [
      'a text where JSON is documented',
      /Content-Type/,
      { headers: { 'content-type': 'text/html' }, text: 'hello' },
    ],
    ['a body that is no JSON', /no JSON/, { text: '{' }],
    [
      'a body on 204',
      /no body/,
      { url: `http://localhost/orders/${ORDER_ID}/unclaim`, status: 204, body: {}, text: '{}' },
    ],
    [
      'a status answer without its entity tag',
      /ETag/,
      { method: 'GET', url: `http://localhost/private/orders/${ORDER_ID}`, status: 304, headers: {} },
    ],
    ['an unknown path that is answered', /404/, { url: 'http://localhost/private/orderz', body: {} }],
    ['an unknown method that is answered', /405/, { method: 'PUT', body: CREATED }],
    [
      'a root-only operation below an instance',
      /404/,
      { method: 'GET', url: 'http://localhost/instances/shop/management/instances', body: { instances: [] } },
    ],
    [
      'a documented operation that claims not to exist',
      /allowed values|statuses/,
      { status: 404, body: { code: 21, hint: 'unknown', request_id: 'a-1' } },
    ],
  ])('catches %s', (_what, fault, changes) => {
    expect(() => checkAgainstDocument(exchange(changes))).toThrow(fault);
  });

  it('catches a granted request that the document calls malformed, nulls being absent members', () => {
    const order = { amount: 'KUDOS:5', summary: 'Article 42' };
    checkAgainstDocument(exchange({ body: CREATED, request: { order, refund_delay: null } }));
    const odd = exchange({ body: CREATED, request: { order: { ...order, amount: 5 } } });
    expect(() => checkAgainstDocument(odd)).toThrow(/does not allow this request.*order\/amount/);
    checkAgainstDocument(exchange({ status: 401, body: UNAUTHORIZED, request: { order: 1 } }));
  });

  it('lets unknown paths, unknown methods and preflights be answered as the document says of all', () => {
    const unknown = { code: 21, hint: 'unknown', request_id: 'a-1' };
    checkAgainstDocument(exchange({ url: 'http://localhost/nowhere', status: 404, body: unknown }));
    checkAgainstDocument(exchange({ method: 'PUT', status: 405, body: { ...unknown, code: 20 } }));
    checkAgainstDocument(exchange({ method: 'OPTIONS', status: 204 }));
    const refused = exchange({ method: 'PUT', status: 405, body: unknown });
    expect(() => checkAgainstDocument(refused)).toThrow(/the code should be 20/);
  });

  it('expects of HEAD the answer to GET without a body', () => {
    const url = 'http://localhost/config';
    checkAgainstDocument(exchange({ method: 'HEAD', url }));
    expect(() => checkAgainstDocument(exchange({ method: 'HEAD', url, text: '{}' }))).toThrow(
      /without a body/,
    );
  });
});
