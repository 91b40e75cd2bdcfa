import { isJsonObject, type JsonObject } from '../../src/taler/json';
import { HttpClient, type HttpRecord } from '../wallet/http-client';

/** How long the shop's long poll may wait, and how much longer its request. */
export const LONG_POLL_MS = 60_000;
const LONG_POLL_GRACE_MS = 5_000;

export interface ShopAnswer {
  readonly status: number;
  readonly body: JsonObject;
}

/** A shop's frontend, as an integrator would write it: the private endpoints of one instance. */
export class Shop {
  private readonly http: HttpClient;
  private readonly headers: Record<string, string>;

  constructor(
    private readonly baseUrl: string,
    token: string,
    observe: (record: HttpRecord) => void,
  ) {
    this.http = new HttpClient(observe);
    this.headers = { authorization: `Bearer ${token}` };
  }

  /** POST private/orders (orders.md 4.1). */
  async createOrder(request: JsonObject): Promise<ShopAnswer> {
    const url = `${this.baseUrl}private/orders`;
    return answerOf(await this.http.post(url, JSON.stringify(request), { headers: this.headers }));
  }

  /** POST private/orders/$ID/refund (orders.md 4.6): the new total, and why. */
  async refund(orderId: string, request: { refund: string; reason: string }): Promise<ShopAnswer> {
    const url = `${this.baseUrl}private/orders/${orderId}/refund`;
    return answerOf(await this.http.post(url, JSON.stringify(request), { headers: this.headers }));
  }

  /** GET private/orders/$ID (orders.md 4.3). */
  async orderStatus(orderId: string, sessionId: string): Promise<ShopAnswer> {
    const url = `${this.baseUrl}private/orders/${orderId}?session_id=${encodeURIComponent(sessionId)}`;
    return answerOf(await this.http.get(url, { headers: this.headers }));
  }

  /** The same, but answered when the order is paid (or after LONG_POLL_MS). */
  async waitUntilPaid(orderId: string, sessionId: string, signal: AbortSignal): Promise<ShopAnswer> {
    const session = encodeURIComponent(sessionId);
    const url = `${this.baseUrl}private/orders/${orderId}?session_id=${session}&timeout_ms=${LONG_POLL_MS}`;
    const timeoutMs = LONG_POLL_MS + LONG_POLL_GRACE_MS;
    return answerOf(await this.http.get(url, { headers: this.headers, timeoutMs, signal }));
  }

  /** GET /public/poll-payment, the public status of 2019 and 2020 (orders.md 6); no token. */
  async legacyPoll(query: { orderId: string; hContract: string; sessionId: string }): Promise<ShopAnswer> {
    const parameters = new URLSearchParams({
      order_id: query.orderId,
      h_contract: query.hContract,
      session_id: query.sessionId,
    });
    return answerOf(await this.http.get(`${legacyPollUrl(this.baseUrl)}?${parameters.toString()}`));
  }

  async close(): Promise<void> {
    await this.http.close();
  }
}

/** The legacy path had the instance behind `public/` instead of before it. */
export function legacyPollUrl(baseUrl: string): string {
  const instance = /^(.*\/)instances\/([^/]+)\/$/.exec(baseUrl);
  if (instance === null) return `${baseUrl}public/poll-payment`;
  return `${instance[1] ?? ''}public/instances/${instance[2] ?? ''}/poll-payment`;
}

function answerOf(answer: { status: number; body: unknown }): ShopAnswer {
  return { status: answer.status, body: isJsonObject(answer.body) ? answer.body : {} };
}
