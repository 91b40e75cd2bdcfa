import { randomUUID } from 'node:crypto';
import { Agent, request } from 'undici';
import type { SandboxExchange } from '../../sandbox/exchange/exchange-server';
import { makeNonce, unclaimBody, verifyClaim } from '../../sandbox/wallet/claim';
import { type Contract, parseContract } from '../../sandbox/wallet/contract';
import { signDepositPermission } from '../../sandbox/wallet/deposit-permission';
import { verifyReceipt } from '../../sandbox/wallet/pay';
import { type Amount, amountOf, formatAmount, parseAmount } from '../../src/taler/amount';
import { decodeBase32, encodeBase32 } from '../../src/taler/base32';
import type { JsonObject } from '../../src/taler/json';
import { confirmRefund } from '../../src/taler/signatures-exchange';
import { merchantRefund } from '../../src/taler/signatures-merchant';
import { timestampToJson } from '../../src/taler/timestamp';
import type { Coin } from '../e2e/payments/support/purse';
import { post } from '../e2e/payments/support/purse';
import type { TestShop } from '../support/app';
import { contractOf, feesOf, pricesOf, valueOf } from './model';
import type { Answer, Call } from './rules';
import type { Action, OrderSpec, Session, SlotName, WalletName } from './steps';

/** Everything here happens on this machine; connections are kept for all histories. */
const agent = new Agent({ connections: 64 });

/** Ends the connections of all actors. */
export function closeActors(): Promise<void> {
  return agent.close();
}

/** Distances of the deadlines of an order from the beginning of its era, seconds. An era is ERA_SECONDS long. */
export const ERA_SECONDS = 1000;
const PAY_SECONDS = 500;
const REFUND_SECONDS = 1400;
const WIRE_SECONDS = 1500;

/** What is said of an answer, and read out of it. */
export interface HttpReply {
  readonly status: number;
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- bodies of many shapes
  readonly body: any;
  readonly text: string;
}

export interface Performed {
  readonly call: Call;
  readonly answer: Answer;
  readonly reply: HttpReply;
}

/** The contract that a wallet got for an order. */
interface HeldContract {
  readonly name: string;
  readonly contract: Contract;
  readonly hContract: Buffer;
  readonly noncePriv: Buffer;
  receipt: string | undefined;
}

/** Shop and wallets of one history: performs actions over HTTP and remembers what a shop and wallets remember. */
export class Actors {
  private readonly name = randomUUID().slice(0, 13);
  private readonly nonces = new Map<string, { noncePriv: Buffer; noncePub: Buffer }>();
  private readonly contracts = new Map<string, HeldContract>();
  /** By slot, generation and wallet: how many nonces there were, and the contract that was claimed last. */
  private readonly nonceCounts = new Map<string, number>();
  private readonly lastClaimed = new Map<string, string>();
  private readonly tokens = new Map<SlotName, string>();
  private readonly generations: Record<SlotName, number> = { A: 0, B: 0 };
  private eraStartUs: bigint;

  constructor(
    readonly shop: TestShop,
    private readonly exchange: SandboxExchange,
    readonly coins: readonly Coin[],
    private readonly nowUs: () => bigint,
  ) {
    this.eraStartUs = nowUs();
  }

  /** To be called after each leap of time. */
  beginEra(): void {
    this.eraStartUs = this.nowUs();
  }

  orderId(slot: SlotName): string {
    return `${this.name}-${slot}`;
  }

  get fulfillmentUrl(): string {
    return `https://shop.example/${this.name}`;
  }

  /** As it is in requests: no other history may have the same. */
  sessionId(session: Session | undefined): string | undefined {
    return session === undefined ? undefined : `${session}-${this.name}`;
  }

  /** Base32; undefined before a wallet has claimed the order. */
  hContractOf(contract: string): string | undefined {
    const held = this.contracts.get(contract);
    return held && encodeBase32(held.hContract);
  }

  tokenOf(slot: SlotName): string | undefined {
    return this.tokens.get(slot);
  }

  /** GET with the token of the shop. */
  readAsShop(path: string): Promise<HttpReply> {
    return this.send('GET', path, undefined, true);
  }

  /** GET as anybody. */
  readAsStranger(path: string): Promise<HttpReply> {
    return this.send('GET', path);
  }

  /** What is about to be done, as the rules want to know it; before it is done. */
  prepare(action: Action): Call {
    const held = 'wallet' in action ? this.held(action.slot, action.wallet) : undefined;
    if (action.do === 'claim')
      return { action, body: '', contract: this.chooseNonce(action), receipt: undefined };
    return {
      action,
      body: action.do === 'create' ? this.orderText(action.slot, action.spec) : '',
      contract: held?.name,
      receipt: held?.receipt === undefined ? undefined : held.name,
    };
  }

  async perform(call: Call): Promise<Performed> {
    const reply = await this.act(call);
    return { call, reply, answer: await this.read(call, reply) };
  }

  private act(call: Call): Promise<HttpReply> {
    const { action, contract } = call;
    const path = `orders/${this.orderId(action.slot)}`;
    switch (action.do) {
      case 'create':
        return this.send('POST', 'private/orders', call.body, true);
      case 'claim':
        return this.send('POST', `${path}/claim`, JSON.stringify(this.claimBody(action, contract ?? '')));
      case 'unclaim':
        return this.send('POST', `${path}/unclaim`, this.unclaimText(action));
      case 'pay':
        return this.send('POST', `${path}/pay`, JSON.stringify(this.payBody(action)));
      case 'abort':
        return this.send('POST', `${path}/abort`, JSON.stringify(this.abortBody(action)));
      case 'collect':
        return this.send('POST', `${path}/refund`, JSON.stringify({ h_contract: this.shownHash(action) }));
      case 'prove':
        return this.send('POST', `${path}/paid`, JSON.stringify(this.proofBody(action)));
      case 'refund': {
        const body = { refund: `${action.currency}:${action.tenths / 10}`, reason: 'model' };
        return this.send('POST', `private/${path}/refund`, JSON.stringify(body), true);
      }
      case 'forget':
        return this.send(
          'PATCH',
          `private/${path}/forget`,
          JSON.stringify({ fields: [FORGET_PATHS[action.what]] }),
          true,
        );
      case 'delete':
        return this.send('DELETE', `private/${path}${action.force ? '?force=yes' : ''}`, undefined, true);
    }
  }

  /** Remembers what came with an answer, and checks the signatures in it as a wallet does. */
  private async read({ action, contract }: Call, reply: HttpReply): Promise<Answer> {
    const { status, body } = reply;
    const { slot } = action;
    if (action.do === 'create' && status === 200) this.keepToken(slot, body.token as string | undefined);
    if (action.do === 'claim' && status === 200) this.keepContract(slot, action.wallet, contract ?? '', body);
    if (action.do === 'pay' && status === 200) this.keepReceipt(slot, body.sig as string);
    if (action.do === 'delete' && status === 204) this.startOver(slot);
    return {
      status,
      code: typeof body?.code === 'number' ? body.code : undefined,
      takeBack: action.do === 'pay' && status === 409 ? await this.takeBack(body) : [],
      isRefunded: action.do === 'prove' && status === 200 ? body.refunded === true : undefined,
      confirmed: action.do === 'abort' && status === 200 ? this.readAbort(action, body) : [],
      refunds: action.do === 'collect' && status === 200 ? this.readRefunds(action, body) : undefined,
    };
  }

  private keepToken(slot: SlotName, token: string | undefined): void {
    if (token === undefined) this.tokens.delete(slot);
    else this.tokens.set(slot, token);
  }

  private startOver(slot: SlotName): void {
    // Its token stays known: the answer of an order that was created anew at the same time may have been read before.
    this.generations[slot] += 1;
  }

  private keepContract(
    slot: SlotName,
    wallet: WalletName,
    name: string,
    body: { contract_terms: JsonObject; sig: string },
  ): void {
    const { noncePriv, noncePub } = this.nonceOf(name);
    const address = { baseUrl: this.shop.url, orderId: this.orderId(slot) };
    const hContract = verifyClaim({
      terms: body.contract_terms,
      sig: body.sig,
      address,
      noncePub: encodeBase32(noncePub),
    });
    const known = this.contracts.get(name);
    if (known && !known.hContract.equals(hContract))
      throw new Error(`${name}: the contract has another hash now`);
    const contract = parseContract(body.contract_terms);
    this.lastClaimed.set(this.holderName(slot, wallet), name);
    if (!known) this.contracts.set(name, { name, contract, hContract, noncePriv, receipt: undefined });
  }

  /** The receipt is for whoever holds the order: the wallet that can verify it has it. */
  private keepReceipt(slot: SlotName, sig: string): void {
    const holder = [...this.contracts.values()].find(({ contract, hContract }) =>
      verifyReceipt({ merchantPub: contract.merchantPub, hContract }, sig),
    );
    if (!holder) throw new Error(`order ${slot}: nobody can verify the receipt`);
    holder.receipt = sig;
  }

  /** Shows the merchant's permissions to the exchange, which must accept them. @returns the coins */
  private async takeBack(body: { refunds?: JsonObject[] }): Promise<number[]> {
    const indices: number[] = [];
    for (const permission of body.refunds ?? []) {
      const coinPub = String(permission['coin_pub']);
      const index = this.indexOf(coinPub);
      const merchantSig = bytes(permission['merchant_sig'], 64);
      const offers = [...this.contracts.values()].flatMap((held) =>
        [valueOf(index), valueOf(index) / 2n].map((units) => ({ held, amount: amountOf('KUDOS', units) })),
      );
      const offer = offers.find(({ held: { contract, hContract }, amount }) =>
        merchantRefund.verify(
          contract.merchantPub,
          { hContract, coinPub: bytes(coinPub, 32), rtransactionId: 0n, refundAmount: amount },
          merchantSig,
        ),
      );
      if (!offer) throw new Error(`c${index}: the permission to take it back is signed for something else`);
      await post(`${this.exchange.baseUrl}coins/${coinPub}/refund`, {
        refund_amount: formatAmount(offer.amount),
        h_contract_terms: encodeBase32(offer.held.hContract),
        rtransaction_id: 0,
        merchant_pub: encodeBase32(offer.held.contract.merchantPub),
        merchant_sig: encodeBase32(merchantSig),
      });
      indices.push(index);
    }
    return indices;
  }

  private readAbort(action: Extract<Action, { do: 'abort' }>, body: { refunds: JsonObject[] }): boolean[] {
    const held = this.held(action.slot, action.wallet);
    return body.refunds.map((entry, position) => {
      if (entry['type'] !== 'success') return false;
      const coin = action.coins[position] ?? -1;
      const amounts = [valueOf(coin), valueOf(coin) / 2n].map((units) => amountOf('KUDOS', units));
      const isSigned = amounts.some((refundAmount) =>
        this.isConfirmed(held, coin, { id: 0n, refundAmount, entry }),
      );
      if (!isSigned) throw new Error(`c${coin}: the exchange has not signed this abort`);
      return true;
    });
  }

  private readRefunds(
    action: Extract<Action, { do: 'collect' }>,
    body: { refund_amount: string; refunds: JsonObject[] },
  ): Answer['refunds'] {
    const held = this.held(action.slot, action.wallet);
    const successes = body.refunds
      .filter((entry) => entry['type'] === 'success')
      .map((entry) => {
        const coin = this.indexOf(String(entry['coin_pub']));
        const id = Number(entry['rtransaction_id']);
        const refundAmount = money(entry['refund_amount']);
        if (!this.isConfirmed(held, coin, { id: BigInt(id), refundAmount, entry }))
          throw new Error(`c${coin}: the exchange has not signed refund ${id}`);
        return { coin, id, amount: refundAmount.units, isConfirmed: true };
      });
    return {
      total: money(body.refund_amount).units,
      successes,
      failures: body.refunds.length - successes.length,
    };
  }

  private isConfirmed(
    held: HeldContract | undefined,
    coin: number,
    refund: { id: bigint; refundAmount: Amount; entry: JsonObject },
  ): boolean {
    if (!held) return false;
    const { hContract, contract } = held;
    const signed = {
      hContract,
      coinPub: bytes(this.coin(coin).coinPub, 32),
      merchantPub: contract.merchantPub,
      rtransactionId: refund.id,
      refundAmount: refund.refundAmount,
    };
    return confirmRefund.verify(
      bytes(refund.entry['exchange_pub'], 32),
      signed,
      bytes(refund.entry['exchange_sig'], 64),
    );
  }

  /** The same text for the same order in the same era. */
  private orderText(slot: SlotName, spec: OrderSpec): string {
    const maxFee = spec.shopPaysFees ? 'KUDOS:1' : 'KUDOS:0';
    const [price, ...others] = pricesOf(spec).map((units) => formatAmount(amountOf('KUDOS', units)));
    const choices = [price, ...others].map((amount) => ({ amount, max_fee: maxFee }));
    const after = (seconds: number) => timestampToJson(this.eraStartUs + BigInt(seconds) * 1_000_000n);
    return JSON.stringify({
      order: {
        ...(spec.version === 0 ? choices[0] : { version: 1, choices }),
        order_id: this.orderId(slot),
        summary: `Order ${slot}`,
        ...(spec.withUrl ? { fulfillment_url: this.fulfillmentUrl } : {}),
        pay_deadline: after(PAY_SECONDS),
        refund_deadline: spec.refundable ? after(REFUND_SECONDS) : { t_s: 0 },
        wire_transfer_deadline: after(WIRE_SECONDS),
        extra: { note: 'to the back door', $forgettable: { note: true } },
      },
      create_token: spec.withToken,
      ...(spec.session === undefined ? {} : { session_id: this.sessionId(spec.session) }),
    });
  }

  private claimBody({ slot, token }: Extract<Action, { do: 'claim' }>, contract: string): JsonObject {
    const nonce = encodeBase32(this.nonceOf(contract).noncePub);
    const right = this.tokens.get(slot);
    if (token === 'wrong') return { nonce, token: encodeBase32(Buffer.alloc(16, 7)) };
    return token === 'right' && right !== undefined ? { nonce, token: right } : { nonce };
  }

  private unclaimText({ slot, wallet, isForged }: Extract<Action, { do: 'unclaim' }>): string {
    const held = this.held(slot, wallet);
    const noncePriv = held?.noncePriv ?? this.nonceOf('never used').noncePriv;
    const text = unclaimBody(noncePriv, held?.hContract ?? Buffer.alloc(64, 5));
    if (!isForged) return text;
    const body = JSON.parse(text) as JsonObject;
    return JSON.stringify({ ...body, h_contract: encodeBase32(Buffer.alloc(64, 6)) });
  }

  private payBody(action: Extract<Action, { do: 'pay' }>): JsonObject {
    const { slot, wallet, coins, half, choice, session, spoil } = action;
    const held = this.held(slot, wallet) ?? this.anyContract(slot);
    const version = held?.contract.version ?? 0;
    const walletData: JsonObject | undefined =
      version === 1 && choice !== undefined ? { choice_index: choice } : undefined;
    const permits = coins.map((coin, position) => {
      const units = half ? valueOf(coin) / 2n : valueOf(coin);
      const permit = held
        ? signDepositPermission(this.coin(coin), held.contract, {
            hContract: this.held(slot, wallet) ? held.hContract : Buffer.alloc(64, 9),
            contribution: amountOf('KUDOS', units),
            walletData,
          })
        : this.blindPermit(coin, units);
      return position === 0 ? spoilPermit(permit, spoil) : permit;
    });
    return {
      coins: permits,
      ...(walletData === undefined ? {} : { wallet_data: walletData }),
      ...(session === undefined ? {} : { session_id: this.sessionId(session) ?? '' }),
    };
  }

  /** Of a wallet that has never seen a contract of the order. */
  private blindPermit(coin: number, units: bigint): JsonObject {
    const { coinPub, ubSig, hDenom, exchangeBaseUrl } = this.coin(coin);
    return {
      coin_sig: encodeBase32(Buffer.alloc(64, 3)),
      coin_pub: coinPub,
      ub_sig: { ...ubSig },
      h_denom: hDenom,
      contribution: formatAmount(amountOf('KUDOS', units)),
      exchange_url: exchangeBaseUrl,
    };
  }

  private abortBody(action: Extract<Action, { do: 'abort' }>): JsonObject {
    const coins = action.coins.map((coin) => {
      const { coinPub, exchangeBaseUrl } = this.coin(coin);
      return { coin_pub: coinPub, exchange_url: exchangeBaseUrl };
    });
    return { h_contract: this.shownHash(action), coins };
  }

  private proofBody({ slot, wallet, session, isForged }: Extract<Action, { do: 'prove' }>): JsonObject {
    const held = this.held(slot, wallet);
    const sig = isForged ? undefined : held?.receipt;
    return {
      sig: sig ?? encodeBase32(Buffer.alloc(64, 4)),
      h_contract: encodeBase32(held?.hContract ?? Buffer.alloc(64, 4)),
      session_id: this.sessionId(session) ?? '',
    };
  }

  private shownHash(action: { slot: SlotName; wallet: WalletName; isForged: boolean }): string {
    const held = this.held(action.slot, action.wallet);
    return encodeBase32(action.isForged || !held ? Buffer.alloc(64, 8) : held.hContract);
  }

  /** The contract that a wallet has claimed last for the present order of this id, not for one before it. */
  private held(slot: SlotName, wallet: WalletName): HeldContract | undefined {
    return this.contracts.get(this.lastClaimed.get(this.holderName(slot, wallet)) ?? '');
  }

  private holderName(slot: SlotName, wallet: WalletName): string {
    return `${slot} ${this.generations[slot]} ${wallet}`;
  }

  /** @returns the name of the contract that a claim with the chosen nonce gives */
  private chooseNonce({ slot, wallet, isFresh }: Extract<Action, { do: 'claim' }>): string {
    const holder = this.holderName(slot, wallet);
    const used = this.nonceCounts.get(holder) ?? 0;
    const number = isFresh || used === 0 ? used + 1 : used;
    this.nonceCounts.set(holder, number);
    return contractOf(slot, this.generations[slot], wallet, number);
  }

  private anyContract(slot: SlotName): HeldContract | undefined {
    return this.held(slot, 'alice') ?? this.held(slot, 'bob');
  }

  private nonceOf(name: string): { noncePriv: Buffer; noncePub: Buffer } {
    const nonce = this.nonces.get(name) ?? makeNonce();
    this.nonces.set(name, nonce);
    return nonce;
  }

  private coin(index: number): Coin {
    const coin = this.coins[index];
    if (!coin) throw new Error(`no coin ${index}: fees ${String(feesOf(index).deposit)}`);
    return coin;
  }

  private indexOf(coinPub: string): number {
    const index = this.coins.findIndex((coin) => coin.coinPub === coinPub);
    if (index < 0) throw new Error(`a coin that is none of ours: ${coinPub}`);
    return index;
  }

  private async send(method: string, path: string, text?: string, asShop = false): Promise<HttpReply> {
    const answer = await request(`${this.shop.url}${path}`, {
      method: method as 'GET',
      body: text ?? null,
      dispatcher: agent,
      headers: {
        ...(text === undefined ? {} : { 'content-type': 'application/json' }),
        ...(asShop ? { authorization: `Bearer ${this.shop.token}` } : {}),
      },
    });
    const reply = await answer.body.text();
    return { status: answer.statusCode, text: reply, body: parseBody(reply) };
  }
}

const FORGET_PATHS = {
  forgettable: '$.extra.note',
  kept: '$.summary',
  nothing: '$.extra.never',
  malformed: 'extra.note',
} as const;

function spoilPermit(permit: JsonObject, spoil: 'nothing' | 'signature' | 'denomination'): JsonObject {
  if (spoil === 'nothing') return permit;
  if (spoil === 'denomination') return { ...permit, h_denom: encodeBase32(Buffer.alloc(64, 2)) };
  const signature = bytes(permit['coin_sig'], 64);
  signature.writeUInt8(signature.readUInt8(0) ^ 1, 0);
  return { ...permit, coin_sig: encodeBase32(signature) };
}

function bytes(value: unknown, length: number): Buffer {
  const decoded = typeof value === 'string' ? decodeBase32(value, length) : undefined;
  if (!decoded) throw new Error(`not ${length} bytes in base32: ${String(value)}`);
  return decoded;
}

function money(value: unknown): Amount {
  const amount = parseAmount(value);
  if (!amount) throw new Error(`not an amount: ${String(value)}`);
  return amount;
}

function parseBody(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
