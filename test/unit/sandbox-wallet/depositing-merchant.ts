import { decodeBase32, encodeBase32 } from '../../../src/taler/base32';
import { hashContract } from '../../../src/taler/contract-terms';
import { isJsonObject, type JsonObject, type JsonValue } from '../../../src/taler/json';
import { hashWire } from '../../../src/taler/payto';
import { hashJson } from '../../../src/taler/canonical-json';
import { merchantContract, merchantRefund } from '../../../src/taler/signatures-merchant';
import { formatRefundUri } from '../../../src/taler/taler-uri';
import { money } from './coin-mint';
import { FakeMerchant, type Honest } from './fake-merchant';

const PAYTO = 'payto://x-taler-bank/localhost/Merchant1?receiver-name=Merchant1';
const SALT = Buffer.alloc(16, 3);
const GRANTED = { t_s: 1_795_150_642 };

interface GrantedRefund {
  readonly coinPub: string;
  readonly id: number;
  readonly amount: string;
}

/** A fake merchant that really deposits at its one exchange, grants refunds and aborts payments. */
export class DepositingMerchant extends FakeMerchant {
  /** So many coins of the next payment get through, then it fails; undefined: all of them. */
  depositsBeforeFailure: number | undefined;
  /** Changes the answers of refund and abort. */
  refundLie: ((body: JsonObject) => JsonObject) | undefined;
  private isCollected = false;
  private readonly granted = new Map<string, GrantedRefund[]>();

  protected override readonly hWire = hashWire(PAYTO, SALT);

  grant(orderId: string, refund: GrantedRefund): void {
    this.granted.set(orderId, [...(this.granted.get(orderId) ?? []), refund]);
    this.refund(orderId);
  }

  /** Also what a shop says that grants a refund: of the first coin that was paid with. */
  protected override async backend(path: string, body: JsonObject): Promise<Honest | undefined> {
    const orderId = /\/private\/orders\/([^/]+)\/refund$/.exec(path)?.[1];
    if (orderId === undefined) return super.backend(path, body);
    const [coin] = objects((JSON.parse(this.requests('pay').at(-1)?.text ?? '{}') as JsonObject)['coins']);
    this.grant(orderId, { coinPub: String(coin?.['coin_pub']), id: 1, amount: String(body['refund']) });
    return [200, { taler_refund_uri: formatRefundUri({ baseUrl: this.baseUrl, orderId }) }];
  }

  protected override refundStatus(orderId: string): JsonObject {
    const granted = this.granted.get(orderId) ?? [];
    return {
      refunded: granted.length > 0,
      refund_pending: granted.length > 0 && !this.isCollected,
      refund_amount: granted.at(-1)?.amount ?? 'KUDOS:0',
    };
  }

  protected override async handle(orderId: string, action: string, body: JsonObject): Promise<Honest> {
    const terms = this.orders.get(orderId)?.terms;
    if (terms !== undefined && action === 'pay') return this.payWithDeposits(orderId, terms, body);
    if (terms !== undefined && action === 'refund') return this.collect(orderId, terms);
    if (terms !== undefined && action === 'abort') return this.abort(terms, body);
    return super.handle(orderId, action, body);
  }

  private async payWithDeposits(orderId: string, terms: JsonObject, body: JsonObject): Promise<Honest> {
    const coins = objects(body['coins']);
    const count = this.depositsBeforeFailure;
    for (const coin of coins.slice(0, count ?? coins.length)) {
      const answer = await this.deposit(terms, body, coin);
      if (answer.status !== 200) return [409, { code: 2150, exchange_reply: answer.body }];
    }
    if (count !== undefined) return [502, { code: 2170, hint: 'exchange trouble' }];
    return super.handle(orderId, 'pay', body);
  }

  private deposit(terms: JsonObject, body: JsonObject, coin: JsonObject) {
    const hContract = hashContract(terms);
    const { coin_pub, coin_sig, ub_sig, h_denom, contribution } = coin;
    const walletData: JsonObject = isJsonObject(body['wallet_data'])
      ? { wallet_data_hash: encodeBase32(hashJson(body['wallet_data'])) }
      : {};
    return this.ask('batch-deposit', {
      merchant_payto_uri: PAYTO,
      wire_salt: encodeBase32(SALT),
      h_contract_terms: encodeBase32(hContract),
      merchant_pub: encodeBase32(this.signer.publicKey),
      merchant_sig: encodeBase32(merchantContract.sign(this.signer, { hContract })),
      timestamp: terms['timestamp'] ?? null,
      refund_deadline: terms['refund_deadline'] ?? null,
      wire_transfer_deadline: terms['wire_transfer_deadline'] ?? null,
      ...walletData,
      coins: [{ coin_pub, coin_sig, ub_sig, denom_pub_hash: h_denom, contribution } as JsonObject],
    });
  }

  private async collect(orderId: string, terms: JsonObject): Promise<Honest> {
    const granted = this.granted.get(orderId) ?? [];
    if (granted.length === 0) return [204, undefined];
    this.isCollected = true;
    const refunds: JsonObject[] = [];
    for (const refund of granted) {
      refunds.push({
        ...(await this.refundAtExchange(terms, refund)),
        rtransaction_id: refund.id,
        coin_pub: refund.coinPub,
        refund_amount: refund.amount,
        execution_time: GRANTED,
      });
    }
    const total = granted.reduce((sum, { amount }) => sum + money(amount).units, 0n);
    const answer = {
      refund_amount: `KUDOS:${Number(total) / 1e8}`,
      merchant_pub: encodeBase32(this.signer.publicKey),
      refunds,
    };
    return [200, this.refundLie?.(answer) ?? answer];
  }

  private async abort(terms: JsonObject, body: JsonObject): Promise<Honest> {
    const contributions = new Map(
      this.requests('pay')
        .flatMap(({ text }) => objects((JSON.parse(text) as JsonObject)['coins']))
        .map((coin) => [String(coin['coin_pub']), String(coin['contribution'])]),
    );
    const refunds: JsonObject[] = [];
    for (const coin of objects(body['coins'])) {
      const coinPub = String(coin['coin_pub']);
      const amount = contributions.get(coinPub) ?? 'KUDOS:0';
      refunds.push(await this.refundAtExchange(terms, { coinPub, id: 0, amount }));
    }
    const answer = { refunds };
    return [200, this.refundLie?.(answer) ?? answer];
  }

  private async refundAtExchange(terms: JsonObject, refund: GrantedRefund): Promise<JsonObject> {
    const hContract = hashContract(terms);
    const { coinPub, id, amount } = refund;
    const merchantSig = merchantRefund.sign(this.signer, {
      hContract,
      coinPub: decodeBase32(coinPub, 32) ?? Buffer.alloc(32),
      rtransactionId: BigInt(id),
      refundAmount: money(amount),
    });
    const { status, body } = await this.ask(`coins/${coinPub}/refund`, {
      refund_amount: amount,
      h_contract_terms: encodeBase32(hContract),
      rtransaction_id: id,
      merchant_pub: encodeBase32(this.signer.publicKey),
      merchant_sig: encodeBase32(merchantSig),
    });
    if (status === 200) return { type: 'success', exchange_status: 200, ...body };
    // The sandbox, like 0.14.1, says "denomination unknown" of a coin that it never saw.
    const code = status === 404 ? 1502 : (body['code'] ?? 0);
    return { type: 'failure', exchange_status: status, exchange_code: code, exchange_reply: body };
  }

  private async ask(path: string, json: JsonObject): Promise<{ status: number; body: JsonObject }> {
    const response = await fetch(`${this.issuers[0]?.baseUrl ?? ''}${path}`, {
      method: 'POST',
      body: JSON.stringify(json),
    });
    return { status: response.status, body: (await response.json()) as JsonObject };
  }
}

function objects(value: JsonValue | undefined): JsonObject[] {
  return Array.isArray(value) ? value.filter(isJsonObject) : [];
}
