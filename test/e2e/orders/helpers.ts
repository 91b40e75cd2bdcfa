import { randomUUID } from 'node:crypto';
import { decodeBase32, encodeBase32 } from '../../../src/taler/base32';
import { hashContract } from '../../../src/taler/contract-terms';
import { createSigner, EddsaSigner, generateSeed } from '../../../src/taler/eddsa';
import { errorFacts } from '../../../src/taler/error-codes';
import { orderUnclaim } from '../../../src/taler/signatures-wallet';
import { Api, ApiAnswer } from '../../support/api';
import { createOrder, TestServer, TestShop } from '../../support/app';

/** A point of the curve, as a nonce has to be. */
export function makeNonce(): { signer: EddsaSigner; nonce: string } {
  const signer = createSigner(generateSeed());
  return { signer, nonce: encodeBase32(signer.publicKey) };
}

/** An order id that no other test uses. */
export function uniqueId(name: string): string {
  return `${name}-${randomUUID()}`;
}

/** Holds an error answer as a whole against what is expected: status, code, hint, request id and nothing else. */
export function expectRefusal(
  answer: ApiAnswer,
  status: number,
  code: number,
  extra: Readonly<Record<string, unknown>> = {},
): void {
  expect({ status: answer.status, body: answer.body as unknown }).toEqual({
    status,
    body: { ...extra, code, hint: errorFacts.get(code)?.hint, request_id: answer.headers['x-request-id'] },
  });
}

/** An order that somebody has claimed. */
export interface ClaimedOrder {
  readonly orderId: string;
  /** Claim token. */
  readonly token: string | undefined;
  readonly signer: EddsaSigner;
  readonly nonce: string;
  readonly contractTerms: Record<string, unknown>;
  readonly hContract: Buffer;
  /** Base32. */
  readonly hContractText: string;
}

/** Claims an order as a wallet does. */
export async function claim(
  api: Api,
  order: { orderId: string; token: string | undefined },
  wallet = makeNonce(),
): Promise<ClaimedOrder> {
  const answer = await api.post(`orders/${order.orderId}/claim`, { nonce: wallet.nonce, token: order.token });
  if (answer.status !== 200) throw new Error(`claim: ${answer.status} ${answer.text}`);
  const hContract = hashContract(answer.body.contract_terms);
  return {
    ...order,
    ...wallet,
    contractTerms: answer.body.contract_terms as Record<string, unknown>,
    hContract,
    hContractText: encodeBase32(hContract),
  };
}

export async function createClaimed(
  shop: TestShop,
  order: Record<string, unknown> = {},
  request: Record<string, unknown> = {},
): Promise<ClaimedOrder> {
  return claim(shop.api, await createOrder(shop, order, request));
}

/** Pays a claimed order of amount zero. @returns the receipt */
export async function payNothing(shop: TestShop, orderId: string, sessionId?: string): Promise<string> {
  const answer = await shop.api.post(`orders/${orderId}/pay`, { coins: [], session_id: sessionId });
  if (answer.status !== 200) throw new Error(`pay: ${answer.status} ${answer.text}`);
  return answer.body.sig as string;
}

/** Moves a paid order to another session. */
export async function provePaid(
  shop: TestShop,
  order: ClaimedOrder,
  receipt: string,
  sessionId: string,
): Promise<void> {
  const answer = await shop.api.post(`orders/${order.orderId}/paid`, {
    sig: receipt,
    h_contract: order.hContractText,
    session_id: sessionId,
  });
  if (answer.status !== 200) throw new Error(`paid: ${answer.status} ${answer.text}`);
}

/** A free order that is claimed and paid. */
export async function createPaid(
  shop: TestShop,
  options: { order?: Record<string, unknown>; request?: Record<string, unknown>; sessionId?: string } = {},
): Promise<ClaimedOrder & { receipt: string }> {
  const claimed = await createClaimed(shop, { amount: 'KUDOS:0', ...options.order }, options.request);
  return { ...claimed, receipt: await payNothing(shop, claimed.orderId, options.sessionId) };
}

/** The body of an unclaim request. */
export function unclaimBody(order: Pick<ClaimedOrder, 'signer' | 'nonce' | 'hContract'>) {
  return {
    nonce: order.nonce,
    h_contract: encodeBase32(order.hContract),
    unclaim_sig: encodeBase32(orderUnclaim.sign(order.signer, { hContract: order.hContract })),
  };
}

/** The same bytes in base32 with one bit turned over. */
export function flipBit(text: string, byteLength: number): string {
  const bytes = decodeBase32(text, byteLength);
  if (!bytes) throw new Error(`no base32 of ${byteLength} bytes`);
  bytes.writeUInt8(bytes.readUInt8(0) ^ 1, 0);
  return encodeBase32(bytes);
}

export function privateStatus(
  shop: TestShop,
  orderId: string,
  query: Readonly<Record<string, string | number>> = {},
  headers: Readonly<Record<string, string>> = {},
): Promise<ApiAnswer> {
  return shop.api.get(withQuery(`private/orders/${orderId}`, query), { token: shop.token, headers });
}

export function publicStatus(
  shop: TestShop,
  orderId: string,
  query: Readonly<Record<string, string | number>> = {},
): Promise<ApiAnswer> {
  return shop.api.get(withQuery(`orders/${orderId}`, query));
}

export function withQuery(path: string, query: Readonly<Record<string, string | number>>): string {
  const text = Object.entries(query)
    .map(([name, value]) => `${name}=${encodeURIComponent(value)}`)
    .join('&');
  return text === '' ? path : `${path}?${text}`;
}

/** A shop as another server of its database serves it. */
export function shopAt(server: TestServer, shop: TestShop): TestShop {
  const url = `${server.url}instances/${shop.id}/`;
  return { ...shop, url, api: new Api(url) };
}

/** The address of an instance as a taler:// URI has it. */
export function talerLocation(shop: TestShop): string {
  return shop.url.replace(/^http:\/\//, '');
}
