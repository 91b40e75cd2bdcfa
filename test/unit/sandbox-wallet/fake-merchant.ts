import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import {
  addAmounts,
  type Amount,
  compareAmounts,
  subtractAmounts,
  zeroAmount,
} from '../../../src/taler/amount';
import { decodeBase32, decodeBase32Variable, encodeBase32 } from '../../../src/taler/base32';
import { hashJson } from '../../../src/taler/canonical-json';
import { hashContract } from '../../../src/taler/contract-terms';
import { type RsaDenominationKey, verifyCoin } from '../../../src/taler/denominations';
import { createSigner, type EddsaSigner, generateSeed } from '../../../src/taler/eddsa';
import { isJsonObject, type JsonObject, type JsonValue } from '../../../src/taler/json';
import { merchantContract, merchantPaymentOk } from '../../../src/taler/signatures-merchant';
import { coinDeposit, orderUnclaim } from '../../../src/taler/signatures-wallet';
import { formatPayUri } from '../../../src/taler/taler-uri';
import { timestampFromMs, timestampToJson } from '../../../src/taler/timestamp';
import { money } from './coin-mint';

/** What the merchant knows of an exchange it trusts. */
export interface Issuer {
  readonly baseUrl: string;
  readonly masterPub: Buffer;
  /** Denomination key by h_denom in base32. */
  denominationOf(hDenom: string): RsaDenominationKey | undefined;
  /** Deposit fee by h_denom; without it, see `FakeMerchant.fees`. */
  feeOf?(hDenom: string): Amount;
}

/** One request as the merchant got it. */
export interface Received {
  readonly method: string;
  readonly path: string;
  readonly text: string;
}

export interface ScriptedAnswer {
  readonly status: number;
  readonly body?: JsonValue;
  /** Close the connection instead of answering. */
  readonly hangUp?: boolean;
  /** Do the honest work first, and only then answer like this. */
  readonly after?: boolean;
}

/** Status and body. */
export type Honest = [number, JsonValue | undefined];

export interface Order {
  readonly order: JsonObject;
  readonly token: string;
  terms: JsonObject | undefined;
  paid: boolean;
  session: string;
  refunded: boolean;
}

/**
 * A merchant backend in one object, strict in what it accepts: real signatures, the claim rules of orders.md 5.1 and
 * 5.2, the sums of 5.3. Tests make it lie or fail through `lies` and `script`.
 */
export class FakeMerchant {
  readonly received: Received[] = [];
  /** Answers to give instead of the honest ones, by the last part of the path, in order. */
  readonly script: Record<string, ScriptedAnswer[]> = {};
  /** Changes to otherwise honest contract terms (before signing) and answers (after signing). */
  lies: {
    terms?: (terms: JsonObject) => JsonObject;
    claim?: (body: JsonObject) => JsonObject;
    pay?: (body: JsonObject) => JsonObject;
  } = {};
  readonly signer: EddsaSigner = createSigner(generateSeed());
  protected readonly orders = new Map<string, Order>();
  protected readonly hWire: Buffer = Buffer.alloc(64, 7);
  private server: Server | undefined;
  private count = 0;
  baseUrl = '';

  constructor(protected readonly issuers: readonly Issuer[]) {}

  async start(prefix = '/instances/shop/'): Promise<void> {
    const server = createServer((request, response) => void this.serve(request, response));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    this.server = server;
    this.baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}${prefix}`;
  }

  async stop(): Promise<void> {
    this.server?.closeAllConnections();
    await new Promise((resolve) => this.server?.close(resolve));
  }

  /** @returns the pay URI of a new order */
  order(
    order: JsonObject,
    options: { sessionId?: string } = {},
  ): { payUri: string; orderId: string; key: string } {
    const orderId = `order-${++this.count}`;
    const token = encodeBase32(generateSeed().subarray(0, 16));
    this.orders.set(orderId, { order, token, terms: undefined, paid: false, session: '', refunded: false });
    const { sessionId } = options;
    const payUri = formatPayUri({ baseUrl: this.baseUrl, orderId, sessionId, claimToken: token });
    return { payUri, orderId, key: `${this.baseUrl}orders/${orderId}` };
  }

  sessionOf(orderId: string): string | undefined {
    return this.orders.get(orderId)?.session;
  }

  refund(orderId: string): void {
    const order = this.orders.get(orderId);
    if (order !== undefined) order.refunded = true;
  }

  requests(lastPart: string): Received[] {
    return this.received.filter(({ path }) => path.endsWith(`/${lastPart}`));
  }

  private async serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const text = Buffer.concat(chunks).toString();
    const path = request.url ?? '';
    this.received.push({ method: request.method ?? '', path, text });
    const [, orderId = '', action = ''] = /\/orders\/([^/?]+)(?:\/(\w+))?/.exec(path) ?? [];
    const scripted = this.script[action === '' ? 'status' : action]?.shift();
    let [status, body] = [scripted?.status ?? 200, scripted?.body];
    if (scripted === undefined || scripted.after === true) {
      const json = text === '' ? {} : (JSON.parse(text) as JsonObject);
      const honest = (await this.backend(path, json)) ?? (await this.handle(orderId, action, json));
      if (scripted === undefined) [status, body] = honest;
    }
    if (scripted?.hangUp === true) return void response.destroy();
    response.writeHead(status, { 'content-type': 'application/json' });
    response.end(body === undefined ? '' : JSON.stringify(body));
  }

  /** The private side and the legacy side; what a shop's frontend uses. Undefined: not one of these paths. */
  protected async backend(path: string, body: JsonObject): Promise<Honest | undefined> {
    const url = new URL(path, 'http://x/');
    const session = url.searchParams.get('session_id') ?? '';
    if (url.pathname.endsWith('/private/orders')) {
      const { orderId } = this.order(isJsonObject(body['order']) ? body['order'] : {});
      return [
        200,
        { order_id: orderId, token: this.orders.get(orderId)?.token ?? '', pay_deadline: { t_s: 'never' } },
      ];
    }
    if (url.pathname.endsWith('/poll-payment')) {
      const order = this.orders.get(url.searchParams.get('order_id') ?? '');
      return [200, { paid: order?.paid === true && order.session === session }];
    }
    const orderId = /\/private\/orders\/([^/]+)$/.exec(url.pathname)?.[1];
    const order = this.orders.get(orderId ?? '');
    if (orderId === undefined || order === undefined) return undefined;
    const isPaid = (): boolean => order.paid && order.session === session;
    if (url.searchParams.has('timeout_ms') && !isPaid())
      await new Promise<void>((wake) => this.waiters.push(wake));
    const state = isPaid() ? 'paid' : order.terms === undefined ? 'unpaid' : 'claimed';
    const payUri = formatPayUri({
      baseUrl: this.baseUrl,
      orderId,
      sessionId: session,
      claimToken: order.token,
    });
    return [200, { order_status: state, taler_pay_uri: payUri, ...this.refundStatus(orderId) }];
  }

  /** Members of the private status of a paid order that tell of refunds. */
  protected refundStatus(_orderId: string): JsonObject {
    return {};
  }

  private readonly waiters: (() => void)[] = [];

  protected handle(orderId: string, action: string, body: JsonObject): Honest | Promise<Honest> {
    const order = this.orders.get(orderId);
    if (order === undefined) return error(404, 2005);
    switch (action) {
      case 'claim':
        return this.claim(orderId, order, body);
      case 'unclaim':
        return this.unclaim(order, body);
      case 'pay':
        return this.pay(order, body);
      case 'paid':
        return this.paid(order, body);
      default:
        return this.status(order);
    }
  }

  private claim(orderId: string, order: Order, body: JsonObject): [number, JsonValue | undefined] {
    if (order.terms === undefined) {
      if (body['token'] !== order.token) return error(404, 2300);
      const terms = this.terms(orderId, order.order, body['nonce'] ?? '');
      order.terms = this.lies.terms?.(terms) ?? terms;
    } else if (order.terms['nonce'] !== body['nonce']) return error(409, 2301);
    const sig = merchantContract.sign(this.signer, { hContract: hashContract(order.terms) });
    const answer = { contract_terms: order.terms, sig: encodeBase32(sig) };
    return [200, this.lies.claim?.(answer) ?? answer];
  }

  private terms(orderId: string, order: JsonObject, nonce: JsonValue): JsonObject {
    const now = timestampFromMs(Date.now());
    return {
      summary: 'apples',
      order_id: orderId,
      products: [],
      timestamp: timestampToJson(now),
      refund_deadline: { t_s: 0 },
      pay_deadline: timestampToJson(now + 3_600_000_000n),
      wire_transfer_deadline: timestampToJson(now + 86_400_000_000n),
      merchant_pub: encodeBase32(this.signer.publicKey),
      merchant_base_url: this.baseUrl,
      merchant: { name: 'Fake shop' },
      h_wire: encodeBase32(this.hWire),
      wire_method: 'x-taler-bank',
      exchanges: this.issuers.map(({ baseUrl, masterPub }) => ({
        url: baseUrl,
        priority: 1024,
        master_pub: encodeBase32(masterPub),
      })),
      amount: 'KUDOS:5',
      max_fee: 'KUDOS:0',
      ...order,
      nonce,
    };
  }

  private unclaim(order: Order, body: JsonObject): [number, JsonValue | undefined] {
    const [nonce, sig, hContract] = [
      bytes(body['nonce'], 32),
      bytes(body['unclaim_sig'], 64),
      bytes(body['h_contract'], 64),
    ];
    if (!orderUnclaim.verify(nonce, { hContract }, sig)) return error(403, 2303);
    if (order.terms === undefined || order.paid || !hashContract(order.terms).equals(hContract))
      return error(404, 2300);
    order.terms = undefined;
    return [204, undefined];
  }

  private pay(order: Order, body: JsonObject): [number, JsonValue | undefined] {
    if (order.terms === undefined) return error(404, 2005);
    const { terms } = order;
    const hContract = hashContract(terms);
    const problem = this.checkCoins(terms, body, hContract);
    if (problem !== undefined) return problem;
    order.paid = true;
    order.session = typeof body['session_id'] === 'string' ? body['session_id'] : '';
    for (const wake of this.waiters.splice(0)) wake();
    const answer = { sig: encodeBase32(merchantPaymentOk.sign(this.signer, { hContract })) };
    return [200, this.lies.pay?.(answer) ?? answer];
  }

  private checkCoins(
    terms: JsonObject,
    body: JsonObject,
    hContract: Buffer,
  ): [number, JsonValue | undefined] | undefined {
    const walletData = isJsonObject(body['wallet_data']) ? body['wallet_data'] : undefined;
    const choices = terms['choices'];
    const choice = Array.isArray(choices) ? choices[Number(walletData?.['choice_index'] ?? -1)] : terms;
    if (!isJsonObject(choice)) return error(400, 2176);
    const price = money(String(choice['amount']));
    const maxFee = money(String(choice['max_fee']));
    let gross = zeroAmount(price.currency);
    let fees = gross;
    const coins = Array.isArray(body['coins']) ? body['coins'] : [];
    for (const coin of coins.filter(isJsonObject)) {
      const contribution = money(String(coin['contribution']));
      const fee = this.feeOf(coin);
      if (compareAmounts(contribution, fee) < 0) return error(400, 2154);
      const coinPub = bytes(coin['coin_pub'], 32);
      const target = {
        hContract,
        hWire: bytes(terms['h_wire'], 64),
        hDenom: bytes(coin['h_denom'], 64),
        walletTimestamp: seconds(terms['timestamp']),
        refundDeadline: seconds(terms['refund_deadline']),
        contribution,
        depositFee: fee,
        merchantPub: this.signer.publicKey,
        ...(walletData === undefined ? {} : { walletDataHash: hashJson(walletData) }),
      };
      if (!coinDeposit.verify(coinPub, target, bytes(coin['coin_sig'], 64))) return error(403, 2157);
      if (!this.isCoin(coin, coinPub)) return error(400, 2151);
      gross = addAmounts(gross, contribution);
      fees = addAmounts(fees, fee);
    }
    const extra =
      compareAmounts(fees, maxFee) > 0 ? subtractAmounts(fees, maxFee) : zeroAmount(price.currency);
    return compareAmounts(gross, addAmounts(price, extra)) < 0 ? error(400, 2156) : undefined;
  }

  /** Deposit fees by coin key; the real merchant has them from the exchange's keys. */
  readonly fees = new Map<string, string>();

  private feeOf(coin: JsonObject): Amount {
    const issuer = this.issuers.find(({ baseUrl }) => baseUrl === coin['exchange_url']);
    return (
      issuer?.feeOf?.(String(coin['h_denom'])) ?? money(this.fees.get(String(coin['coin_pub'])) ?? 'KUDOS:0')
    );
  }

  private isCoin(coin: JsonObject, coinPub: Buffer): boolean {
    const issuer = this.issuers.find(({ baseUrl }) => baseUrl === coin['exchange_url']);
    const denomination = issuer?.denominationOf(String(coin['h_denom']));
    const ubSig = isJsonObject(coin['ub_sig']) ? coin['ub_sig']['rsa_signature'] : undefined;
    const signature = decodeBase32Variable(String(ubSig));
    return (
      denomination !== undefined &&
      signature !== undefined &&
      verifyCoin({ denomination, coinPub, signature })
    );
  }

  private paid(order: Order, body: JsonObject): [number, JsonValue | undefined] {
    const hContract = bytes(body['h_contract'], 64);
    if (!merchantPaymentOk.verify(this.signer.publicKey, { hContract }, bytes(body['sig'], 64)))
      return error(403, 2201);
    if (order.terms === undefined || !hashContract(order.terms).equals(hContract)) return error(400, 2200);
    order.session = String(body['session_id']);
    return [200, { refunded: order.refunded }];
  }

  private status(order: Order): [number, JsonValue | undefined] {
    if (!order.paid) return [402, { taler_pay_uri: 'taler://pay/x/' }];
    const refund = order.refunded ? 'KUDOS:1' : 'KUDOS:0';
    return [
      200,
      { refunded: order.refunded, refund_pending: false, refund_amount: refund, refund_taken: 'KUDOS:0' },
    ];
  }
}

function error(status: number, code: number): [number, JsonValue] {
  return [status, { code, hint: 'refused' }];
}

function bytes(value: JsonValue | undefined, length: number): Buffer {
  return decodeBase32(typeof value === 'string' ? value : '', length) ?? Buffer.alloc(length);
}

function seconds(value: JsonValue | undefined): bigint {
  return BigInt(isJsonObject(value) ? Number(value['t_s']) : 0) * 1_000_000n;
}
