import { makeNonce, unclaimBody, verifyClaim } from '../../../../sandbox/wallet/claim';
import { parseContract, type Contract } from '../../../../sandbox/wallet/contract';
import { verifyReceipt } from '../../../../sandbox/wallet/pay';
import { ownAmount } from '../../../../sandbox/wallet/state';
import { ageGroup } from '../../../../src/taler/age-restriction';
import { decodeBase32, encodeBase32 } from '../../../../src/taler/base32';
import { hashJson } from '../../../../src/taler/canonical-json';
import { createSigner } from '../../../../src/taler/eddsa';
import type { JsonObject } from '../../../../src/taler/json';
import { ageAttestation, coinDeposit } from '../../../../src/taler/signatures-wallet';
import type { ApiAnswer } from '../../../support/api';
import { Api } from '../../../support/api';
import { createOrder, type TestShop } from '../../../support/app';
import { type Coin, money } from './purse';

/** An order held by a customer whose next step a test decides, not a wallet. */
export class Customer {
  private constructor(
    readonly orderId: string,
    private readonly baseUrl: string,
    readonly contract: Contract,
    readonly terms: JsonObject,
    readonly hContract: Buffer,
    private readonly noncePriv: Buffer,
  ) {}

  /** Posts an order and claims it. The shop takes up to one unit of fees, unless the order says otherwise. */
  static async order(
    shop: TestShop,
    order: Record<string, unknown> = {},
    request: Record<string, unknown> = {},
  ): Promise<Customer> {
    const { orderId, token } = await createOrder(shop, { max_fee: 'KUDOS:1', ...order }, request);
    return Customer.claim(shop, orderId, token);
  }

  /** Claims an order, and believes the contract only as a wallet would. */
  static async claim(
    shop: TestShop,
    orderId: string,
    token: string | undefined,
    { noncePriv, noncePub } = makeNonce(),
  ): Promise<Customer> {
    const answer = await shop.api.post(`orders/${orderId}/claim`, { nonce: encodeBase32(noncePub), token });
    if (answer.status !== 200) throw new Error(`claim: ${answer.status} ${answer.text}`);
    const { contract_terms: terms, sig } = answer.body as { contract_terms: JsonObject; sig: string };
    const address = { baseUrl: shop.url, orderId };
    const hContract = verifyClaim({ terms, sig, address, noncePub: encodeBase32(noncePub) });
    return new Customer(orderId, shop.url, parseContract(terms), terms, hContract, noncePriv);
  }

  /** A deposit permission, as a member of `coins` of POST pay (orders.md 5.3). */
  permit(
    coin: Coin,
    contribution: string,
    minimumAge = Number(this.terms['minimum_age'] ?? 0),
    walletData?: JsonObject,
  ): JsonObject {
    const { contract, hContract } = this;
    const signer = createSigner(bytes(coin.coinPriv, 32));
    const coinSig = coinDeposit.sign(signer, {
      hContract,
      hAgeCommitment: coin.age?.hash,
      hWire: contract.hWire,
      hDenom: bytes(coin.hDenom, 64),
      walletTimestamp: contract.timestamp,
      refundDeadline: contract.refundDeadline,
      contribution: money(contribution),
      depositFee: ownAmount(coin.feeDeposit),
      merchantPub: contract.merchantPub,
      walletDataHash: walletData && hashJson(walletData),
    });
    return {
      coin_sig: encodeBase32(coinSig),
      coin_pub: coin.coinPub,
      ub_sig: { ...coin.ubSig },
      h_denom: coin.hDenom,
      contribution,
      exchange_url: coin.exchangeBaseUrl,
      ...proofOfAge(coin, minimumAge),
    };
  }

  /** The whole value of each coin. @param walletData that the coins sign, such as a choice */
  permitAll(coins: readonly Coin[], walletData?: JsonObject): JsonObject[] {
    return coins.map((coin) => this.permit(coin, coin.value, undefined, walletData));
  }

  /** POST pay. @param baseUrl of another server on the same database */
  pay(coins: readonly JsonObject[], extra: object = {}, baseUrl = this.baseUrl): Promise<ApiAnswer> {
    return new Api(baseUrl).post(`orders/${this.orderId}/pay`, { coins, ...extra });
  }

  /** POST pay with the whole value of each coin. */
  spend(coins: readonly Coin[], extra: object = {}): Promise<ApiAnswer> {
    return this.pay(this.permitAll(coins), extra);
  }

  /** POST pay of one of the choices of the contract (orders.md 8.3). */
  choose(choiceIndex: number, coins: readonly Coin[], extra: object = {}): Promise<ApiAnswer> {
    const walletData = { choice_index: choiceIndex };
    return this.pay(this.permitAll(coins, walletData), { wallet_data: walletData, ...extra });
  }

  unclaim(): Promise<ApiAnswer> {
    const raw = unclaimBody(this.noncePriv, this.hContract);
    return new Api(this.baseUrl).call('POST', `orders/${this.orderId}/unclaim`, { raw });
  }

  paid(sig: string, sessionId: string, hContract = this.hContract): Promise<ApiAnswer> {
    const body = { sig, h_contract: encodeBase32(hContract), session_id: sessionId };
    return new Api(this.baseUrl).post(`orders/${this.orderId}/paid`, body);
  }

  /** True if the answer of POST pay holds the merchant's receipt for this contract (1104). */
  isReceipt(answer: ApiAnswer): boolean {
    const { merchantPub } = this.contract;
    return (
      answer.status === 200 &&
      verifyReceipt({ merchantPub, hContract: this.hContract }, answer.body.sig as string)
    );
  }
}

function proofOfAge({ age }: Coin, minimumAge: number): JsonObject {
  if (age === undefined) return {};
  const group = ageGroup(age.ageMask, minimumAge);
  const signer = group > 0 ? age.signers[group - 1] : undefined;
  const { ageMask } = age;
  return {
    h_age_commitment: encodeBase32(age.hash),
    age_commitment: age.publicKeys.map(encodeBase32),
    ...(signer === undefined
      ? {}
      : { minimum_age_sig: encodeBase32(ageAttestation.sign(signer, { ageMask, age: minimumAge })) }),
  };
}

/** Bytes out of base32 that the test has made itself. */
export function bytes(text: string, length: number): Buffer {
  const decoded = decodeBase32(text, length);
  if (decoded === undefined) throw new Error(`not ${length} bytes in base32: ${text}`);
  return decoded;
}
