import { randomBytes } from 'node:crypto';
import { makeNonce, unclaimBody, verifyClaim } from '../../sandbox/wallet/claim';
import { type Contract, parseContract } from '../../sandbox/wallet/contract';
import { signDepositPermission } from '../../sandbox/wallet/deposit-permission';
import { verifyReceipt } from '../../sandbox/wallet/pay';
import { parseAmount } from '../../src/taler/amount';
import { encodeBase32 } from '../../src/taler/base32';
import type { JsonObject } from '../../src/taler/json';
import type { Coin } from '../e2e/payments/support/purse';
import { type Reply, type Request, send } from './door';
import type { Bank, HouseAction, InstanceId, OrderAction, OrderSpec, Session, Slot, Wallet } from './steps';

/** Of one contract: who has claimed it, and what it was paid with. */
export interface Held {
  readonly contract: Contract;
  readonly hContract: Buffer;
  readonly wallet: Wallet;
  readonly isFree: boolean;
  receipt?: string;
  /** Deposit permissions that were accepted and not given back. */
  permits: JsonObject[];
}

/** A login token that was issued. */
export interface IssuedToken {
  readonly secret: string;
  readonly serial: number;
}

/** What all merchants and wallets of a history share; nothing of it may lead from one instance to another. */
export interface Commons {
  /** Part of all names of this history. */
  readonly name: string;
  readonly exchangeUrl: string;
  /** Mail goes to addresses of it; another one for each backend. */
  readonly mailDomain: string;
  nonceOf(slot: Slot, wallet: Wallet): { noncePriv: Buffer; noncePub: Buffer };
  takeCoin(value: 1 | 2): Promise<Coin>;
  /** The code that was mailed last, if any. */
  codeFor(address: string): string | undefined;
  readonly admin: { readonly url: string; readonly token: string };
}

/** Base32 of random bytes: what a stranger knows. */
export function junk(length: number): string {
  return encodeBase32(randomBytes(length));
}

export const UNKNOWN_SERIAL = 8_000_000_000;
export const PASSWORD = 'a password that all of them have';

/** One instance, those who work there, and the wallets of its customers. Knows nothing of other instances. */
export class Merchant {
  readonly held = new Map<Slot, Held>();
  /** Claim tokens. */
  readonly claimTokens = new Map<Slot, string>();
  readonly tokens: IssuedToken[] = [];
  readonly hWires = new Map<Bank, string>();
  challenge: string | undefined;

  /** @param token refreshable, with all permissions */
  constructor(
    readonly id: InstanceId,
    readonly url: string,
    readonly token: string,
    readonly commons: Commons,
  ) {}

  get email(): string {
    return `${this.id}@${this.commons.mailDomain}`;
  }
  get fulfillmentUrl(): string {
    return `https://shops.example/${this.commons.name}`;
  }
  orderId(slot: Slot): string {
    return slot === 'own' ? `${this.commons.name}-of-${this.id}` : `${this.commons.name}-${slot}`;
  }
  sessionId(session: Session): string {
    return `${session}-${this.commons.name}`;
  }
  payto(bank: Bank): string {
    return `payto://x-taler-bank/localhost/shared-${bank}?receiver-name=Shared`;
  }

  /** With the token of the instance. */
  ask(method: string, path: string, json?: unknown): Promise<Reply> {
    return send({ method, url: `${this.url}${path}`, token: this.token, json });
  }
  /** As anybody. */
  askPublicly(method: string, path: string, json?: unknown): Promise<Reply> {
    return send({ method, url: `${this.url}${path}`, json });
  }

  /** The body of an order, the same for the same `spec` in all instances. */
  orderBody(slot: Slot, { isFree, withToken, session }: OrderSpec): JsonObject {
    return {
      order: {
        order_id: this.orderId(slot),
        amount: isFree ? 'KUDOS:0' : 'KUDOS:2',
        max_fee: 'KUDOS:1',
        summary: `Order ${slot}`,
        fulfillment_url: this.fulfillmentUrl,
        extra: { note: 'to the back door', $forgettable: { note: true } },
      },
      create_token: withToken,
      ...(session === undefined ? {} : { session_id: this.sessionId(session) }),
    };
  }

  async act(action: OrderAction): Promise<Reply> {
    const { slot } = action;
    const path = `orders/${this.orderId(slot)}`;
    const held = this.held.get(slot);
    const hash = held ? encodeBase32(held.hContract) : junk(64);
    switch (action.do) {
      case 'create':
        return this.create(slot, action.spec);
      case 'claim':
        return this.claim(action);
      case 'unclaim':
        return this.unclaim(slot);
      case 'pay':
        return this.pay(action);
      case 'abort':
        return this.abort(slot);
      case 'refund':
        return this.ask('POST', `private/${path}/refund`, { refund: 'KUDOS:2', reason: 'isolation' });
      case 'collect':
        return this.askPublicly('POST', `${path}/refund`, { h_contract: hash });
      case 'prove': {
        const proof = { sig: held?.receipt ?? junk(64), h_contract: hash };
        const session_id = this.sessionId(action.session);
        return this.askPublicly('POST', `${path}/paid`, { ...proof, session_id });
      }
      case 'forget':
        return this.ask('PATCH', `private/${path}/forget`, { fields: ['$.extra.note'] });
      case 'delete': {
        const reply = await this.ask('DELETE', `private/${path}${action.force ? '?force=yes' : ''}`);
        if (reply.status === 204) this.held.delete(slot);
        return reply;
      }
    }
  }

  private async create(slot: Slot, spec: OrderSpec): Promise<Reply> {
    const reply = await this.ask('POST', 'private/orders', this.orderBody(slot, spec));
    const token = reply.body?.token as string | undefined;
    if (reply.status === 200 && token === undefined) this.claimTokens.delete(slot);
    if (reply.status === 200 && token !== undefined) this.claimTokens.set(slot, token);
    return reply;
  }

  /** Believes a contract only as a wallet would: it is this merchant's, of this order and for this nonce. */
  private async claim({ slot, wallet, showsToken }: Extract<OrderAction, { do: 'claim' }>): Promise<Reply> {
    const noncePub = encodeBase32(this.commons.nonceOf(slot, wallet).noncePub);
    const token = showsToken ? this.claimTokens.get(slot) : undefined;
    const orderId = this.orderId(slot);
    const reply = await this.askPublicly('POST', `orders/${orderId}/claim`, { nonce: noncePub, token });
    if (reply.status !== 200) return reply;
    const { contract_terms: terms, sig } = reply.body as { contract_terms: JsonObject; sig: string };
    const hContract = verifyClaim({ terms, sig, address: { baseUrl: this.url, orderId }, noncePub });
    const known = this.held.get(slot);
    const isFree = terms['amount'] === 'KUDOS:0';
    if (known?.hContract.equals(hContract) !== true)
      this.held.set(slot, { contract: parseContract(terms), hContract, wallet, isFree, permits: [] });
    return reply;
  }

  private async unclaim(slot: Slot): Promise<Reply> {
    const held = this.held.get(slot);
    const noncePriv = held ? this.commons.nonceOf(slot, held.wallet).noncePriv : makeNonce().noncePriv;
    const body: unknown = JSON.parse(unclaimBody(noncePriv, held?.hContract ?? randomBytes(64)));
    const reply = await this.askPublicly('POST', `orders/${this.orderId(slot)}/unclaim`, body);
    if (reply.status === 204) this.held.delete(slot);
    return reply;
  }

  /** The coins that lie there already, and another one unless it is paid. */
  private async pay({ slot, session, isPart }: Extract<OrderAction, { do: 'pay' }>): Promise<Reply> {
    const held = this.held.get(slot);
    const coins = [...(held?.permits ?? [])];
    const isDue = held && held.receipt === undefined && !held.isFree;
    if (held && isDue) coins.push(this.permit(held, await this.commons.takeCoin(isPart ? 1 : 2)));
    const reply = await this.askPublicly('POST', `orders/${this.orderId(slot)}/pay`, {
      coins,
      ...(session === undefined ? {} : { session_id: this.sessionId(session) }),
    });
    if (!held) return reply;
    if (reply.status === 200 || reply.body?.code === 2156) held.permits = coins;
    if (reply.status === 200) this.keepReceipt(held, reply.body.sig as string);
    return reply;
  }

  private permit(held: Held, coin: Coin): JsonObject {
    const contribution = parseAmount(coin.value);
    if (!contribution) throw new Error(`not an amount: ${coin.value}`);
    return signDepositPermission(coin, held.contract, { hContract: held.hContract, contribution });
  }

  private keepReceipt(held: Held, sig: string): void {
    const { contract, hContract } = held;
    if (!verifyReceipt({ merchantPub: contract.merchantPub, hContract }, sig))
      throw new Error(`${this.id}: the receipt is not for this contract`);
    held.receipt = sig;
  }

  private async abort(slot: Slot): Promise<Reply> {
    const held = this.held.get(slot);
    const reply = await send(this.abortRequest(slot, held ? encodeBase32(held.hContract) : junk(64)));
    if (reply.status === 200 && held) held.permits = [];
    return reply;
  }

  /** POST abort of the coins that lie there, else of one that nobody knows. */
  abortRequest(slot: Slot, hContract: string): Request {
    const known = (this.held.get(slot)?.permits ?? []).map(({ coin_pub }) => coin_pub);
    const coins = (known.length > 0 ? known : [junk(32)]).map((coin_pub) => ({
      coin_pub,
      exchange_url: this.commons.exchangeUrl,
    }));
    const url = `${this.url}orders/${this.orderId(slot)}/abort`;
    return { method: 'POST', url, json: { h_contract: hContract, coins } };
  }

  async keepHouse(action: HouseAction): Promise<Reply> {
    switch (action.do) {
      case 'add account': {
        const reply = await this.ask('POST', 'private/accounts', { payto_uri: this.payto(action.bank) });
        if (reply.status === 200) this.keepAccount(action.bank, reply.body.h_wire as string);
        return reply;
      }
      case 'close account':
        return this.ask('DELETE', `private/accounts/${this.hWires.get(action.bank) ?? junk(64)}`);
      case 'patch account': {
        const json = { credit_facade_url: `https://bank.example/${action.facade}/` };
        return this.ask('PATCH', `private/accounts/${this.hWires.get(action.bank) ?? junk(64)}`, json);
      }
      case 'patch':
        return this.patch(action.number, action.byAdmin);
      case 'set password':
        return this.setPassword();
      case 'accept terms': {
        const json = { exchange_url: this.commons.exchangeUrl, tos_version: 'v1' };
        return this.ask('POST', 'private/accept-tos-early', json);
      }
      case 'issue token':
      case 'revoke token':
      case 'leave token':
      case 'use token':
        return this.handleToken(action);
      case 'forget password':
      case 'send code':
      case 'confirm code':
        return this.handleChallenge(action);
    }
  }

  private keepAccount(bank: Bank, hWire: string): void {
    const known = this.hWires.get(bank);
    if (known !== undefined && known !== hWire)
      throw new Error(`${this.id}: bank ${bank} has another h_wire now`);
    this.hWires.set(bank, hWire);
  }

  private patch(number: number, byAdmin: boolean): Promise<Reply> {
    const json = this.configuration(number);
    const { admin } = this.commons;
    return byAdmin
      ? send({
          method: 'PATCH',
          url: `${admin.url}management/instances/${this.id}`,
          token: admin.token,
          json,
        })
      : this.ask('PATCH', 'private', json);
  }

  /** What an instance says of itself after a patch with this number. */
  configuration(number: number): JsonObject {
    return {
      name: this.nameWith(number),
      email: this.email,
      website: `https://${this.id}.example/${number}`,
      address: { town: `${this.id}ville` },
      jurisdiction: {},
      use_stefan: false,
    };
  }

  nameWith(number: number): string {
    return `${this.id} ${number}`;
  }

  /** The same password again; all tokens but the one that is shown are revoked. */
  private async setPassword(): Promise<Reply> {
    const reply = await this.ask('POST', 'private/auth', { method: 'token', password: PASSWORD });
    if (reply.status === 204) this.tokens.length = 0;
    return reply;
  }

  private async handleToken(action: Extract<HouseAction, { do: `${string} token` }>): Promise<Reply> {
    if (action.do === 'issue token') {
      const json = { scope: action.scope, description: `of ${this.id}`, duration: { d_us: 'forever' } };
      const reply = await this.ask('POST', 'private/token', json);
      if (reply.status !== 200) return reply;
      const { body } = await this.ask('GET', 'private/tokens?limit=-1');
      const [newest] = body.tokens as { serial: number }[];
      this.tokens.push({ secret: reply.body.access_token as string, serial: newest?.serial ?? 0 });
      return reply;
    }
    const token = this.tokens[action.nth];
    const secret = token?.secret ?? `secret-token:${junk(32)}`;
    const asBearer = (method: string, path: string): Promise<Reply> =>
      send({ method, url: `${this.url}${path}`, token: secret });
    if (action.do === 'use token') return asBearer('GET', 'private/orders?limit=-1');
    const reply =
      action.do === 'leave token'
        ? await asBearer('DELETE', 'private/token')
        : await this.ask('DELETE', `private/tokens/${token?.serial ?? UNKNOWN_SERIAL}`);
    if (reply.status === 204) this.tokens.splice(action.nth, 1);
    return reply;
  }

  private async handleChallenge(
    action: Extract<HouseAction, { do: 'forget password' | 'send code' } | { do: 'confirm code' }>,
  ): Promise<Reply> {
    if (action.do === 'forget password') {
      const reply = await send(this.forgotPassword());
      const [made] = (reply.body?.challenges ?? []) as { challenge_id: string }[];
      if (made) this.challenge = made.challenge_id;
      return reply;
    }
    const path = `challenge/${this.challenge ?? `1-${junk(32)}`}`;
    if (action.do !== 'confirm code') return this.askPublicly('POST', path, {});
    return this.askPublicly('POST', `${path}/confirm`, {
      tan: action.isRight ? this.rightCode() : '00000000',
    });
  }

  forgotPassword(challengeIds?: string): Request {
    const url = `${this.commons.admin.url}instances/${this.id}/forgot-password`;
    const headers = challengeIds === undefined ? undefined : { 'taler-challenge-ids': challengeIds };
    return { method: 'POST', url, headers, json: { method: 'token', password: PASSWORD } };
  }

  /** The code of the challenge at hand, once it was sent. */
  rightCode(): string {
    return this.commons.codeFor(this.email) ?? '00000000';
  }
}
