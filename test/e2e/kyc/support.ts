import type { IncomingMessage, ServerResponse } from 'node:http';
import type { JsonValue } from '../../../src/taler/json';
import { floorToSecond } from '../../../src/taler/timestamp';
import type { SandboxExchange } from '../../../sandbox/exchange/exchange-server';
import type { ApiAnswer } from '../../support/api';
import {
  createShop,
  startTestServer,
  type TestServer,
  type TestShop,
  type TestWorld,
  untilKeys,
} from '../../support/app';
import { KycChecker } from '../../../src/kyc/kyc-checker';
import { startStillWorld } from '../instances/helpers';
import { LONG_MS } from '../long-poll/waiting';
import { answerJson, MintedExchange, type MintOptions, ScriptedServer } from '../../unit/exchange/support';
import { uniqueId, withQuery } from '../orders/helpers';
import { Customer } from '../payments/support/customer';
import { coinsOf, withdrawCoins } from '../payments/support/purse';

/** A bank account to which the exchanges of our own making wire. */
export const IBAN = 'payto://iban/DE75512108001245126199?receiver-name=Shop';

export type Query = Readonly<Record<string, string | number>>;

export function kyc(
  shop: TestShop,
  query: Query = {},
  headers: Record<string, string> = {},
): Promise<ApiAnswer> {
  return shop.api.get(withQuery('private/kyc', query), { token: shop.token, headers });
}

/**
 * Requests of this server wait for what the exchanges say, however long it takes. Otherwise a machine that stalls for
 * five seconds would show what was known before.
 */
export function patient<Server extends Pick<TestServer, 'app'>>(server: Server): Server {
  const checker = server.app.get(KycChecker);
  const refresh = checker.refresh.bind(checker);
  checker.refresh = (pairs) => refresh(pairs, LONG_MS);
  return server;
}

export async function startKycWorld(): Promise<TestWorld> {
  const world = await startStillWorld();
  patient(world.server);
  return world;
}

/** The one entry of a shop with one account and one exchange. */
export async function entryOf(shop: TestShop, query: Query = {}): Promise<Record<string, unknown>> {
  const { status, body, text } = await kyc(shop, query);
  if (status !== 200 || body.kyc_data.length !== 1) throw new Error(`not one entry: ${status} ${text}`);
  return body.kyc_data[0] as Record<string, unknown>;
}

export interface KycShop extends TestShop {
  readonly payto: string;
  readonly hWire: string;
  /** Base32. */
  readonly merchantPub: string;
}

/** A shop of which no exchange has heard before. */
export async function newShop(server: TestServer, options: { payto?: string } = {}): Promise<KycShop> {
  return knowShop(await createShop(server, uniqueId('kyc'), options));
}

export async function knowShop(shop: TestShop): Promise<KycShop> {
  const { token } = shop;
  const [accounts, instance] = [
    await shop.api.get('private/accounts', { token }),
    await shop.api.get('private', { token }),
  ];
  const [account] = accounts.body.accounts as { payto_uri: string; h_wire: string }[];
  if (!account) throw new Error('the shop has no account');
  return {
    ...shop,
    payto: account.payto_uri,
    hWire: account.h_wire,
    merchantPub: instance.body.merchant_pub as string,
  };
}

/** What the operator of the sandbox exchange does. */
export async function operate(exchange: SandboxExchange, path: string, json: object): Promise<void> {
  const answer = await fetch(`${exchange.baseUrl}${path}`, { method: 'POST', body: JSON.stringify(json) });
  if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
}

/** The KYC auth transfer of a shop (exchange.md 7). */
export function authenticate(exchange: SandboxExchange, shop: KycShop): Promise<void> {
  return operate(exchange, 'bank/accounts/Exchange/taler-wire-gateway/admin/add-kycauth', {
    amount: 'KUDOS:0.01',
    account_pub: shop.merchantPub,
    debit_account: shop.payto,
  });
}

export function change(exchange: SandboxExchange, shop: KycShop, what: string): Promise<void> {
  return operate(exchange, 'sandbox/kyc', { account: shop.payto, change: what });
}

/** Makes the exchange want to know its customer: a payment above the limit, which is refused. */
export async function exceedLimit(world: TestWorld, shop: KycShop): Promise<void> {
  const customer = await Customer.order(shop, { amount: 'KUDOS:4' });
  const answer = await customer.spend(await withdrawCoins(world.exchange, coinsOf(1, '5')));
  if (answer.status !== 451) throw new Error(`the payment was not refused: ${answer.status} ${answer.text}`);
}

/** Answers of kyc-check as a test wants them; those who wait are kept until it says so. */
export type KycScript = (request: IncomingMessage, response: ServerResponse) => void;

/** An exchange of our own making: /keys as minted, kyc-check as scripted. */
export class KycExchange {
  script: KycScript = (_request, response) => void response.writeHead(204).end();
  /** undefined: /keys is a failure. */
  keys: JsonValue | undefined;

  private constructor(
    private readonly server: ScriptedServer,
    private readonly minted: MintedExchange,
  ) {}

  static async start(nowUs: bigint, options: MintOptions = {}, members: object = {}): Promise<KycExchange> {
    const server = await ScriptedServer.start();
    const exchange = new KycExchange(server, new MintedExchange(floorToSecond(nowUs), uniqueId('minted')));
    exchange.keys = { ...exchange.minted.document(server.baseUrl, options), ...members };
    server.handler = (request, response) => {
      if (request.url?.startsWith('/kyc-check/')) return exchange.script(request, response);
      if (exchange.keys === undefined) return answerJson(response, 503, { code: 1007 });
      answerJson(response, 200, exchange.keys);
    };
    return exchange;
  }

  get baseUrl(): string {
    return this.server.baseUrl;
  }
  get setting() {
    return this.minted.trusted(this.baseUrl);
  }
  /** The calls of kyc-check so far. */
  get checks() {
    return this.server.seen.filter(({ url }) => url.startsWith('/kyc-check/'));
  }
  /** From now on every kyc-check gets this. */
  answer(status: number, body: JsonValue): void {
    this.script = (_request, response) => answerJson(response, status, body);
  }
  close(): Promise<void> {
    return this.server.close();
  }
}

/** Runs `work` with a server that knows an exchange of our own making and no other, and a shop there. */
export async function withExchange(
  { database, clock }: TestWorld,
  { options, members }: { options?: MintOptions; members?: object },
  work: (shop: KycShop, exchange: KycExchange, server: TestServer) => Promise<void>,
): Promise<void> {
  const exchange = await KycExchange.start(clock.nowUs(), options, members);
  const server = await startTestServer({ database, clock, exchanges: [exchange.setting] });
  try {
    await untilKeys(server);
    await work(await newShop(server, { payto: IBAN }), exchange, server);
  } finally {
    await server.close();
    await exchange.close();
  }
}

/** The body of 200 and 202 (exchange.md 7). */
export function stateBody(more: Record<string, JsonValue> = {}): Record<string, JsonValue> {
  return { aml_review: false, access_token: 'K7FTJ0RZ71NQA1WC', limits: [], ...more };
}
