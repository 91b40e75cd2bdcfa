import { randomBytes } from 'node:crypto';
import { parseAmount } from '../src/taler/amount';
import { decodeBase32, encodeBase32 } from '../src/taler/base32';
import { hashContract } from '../src/taler/contract-terms';
import { createSigner, type EddsaSigner, generateSeed } from '../src/taler/eddsa';
import type { JsonObject } from '../src/taler/json';
import { hashWire } from '../src/taler/payto';
import { merchantContract } from '../src/taler/signatures-merchant';
import { depositBody } from '../src/exchange/deposit-call';
import { parseContract } from '../sandbox/wallet/contract';
import { signDepositPermission } from '../sandbox/wallet/deposit-permission';
import { ownAmount, type WalletCoin } from '../sandbox/wallet/state';
import { WHOLE_LIST_MS } from './compare';
import { post } from './http-message';
import { CONNECTIONS } from './settings';
import { type Bench, type OpenShop, orderOf, ordersPath } from './world';

/** An order that was claimed over HTTP, and the payment that coins have signed for it. */
export interface Sale {
  readonly orderId: string;
  readonly hContract: Buffer;
  readonly coins: readonly WalletCoin[];
  readonly payment: Buffer;
}

export interface SalesPlan {
  readonly count: number;
  /** Price without its currency. */
  readonly amount: string;
  /** The coins of each sale, all of their value. */
  readonly take: (index: number) => WalletCoin[];
}

/** Creates and claims orders; nothing is paid yet. */
export async function makeSales(
  bench: Bench,
  { shop, merchant }: OpenShop,
  plan: SalesPlan,
): Promise<Sale[]> {
  const order = orderOf(plan.amount);
  const created = await sendAll(
    bench,
    merchant.port,
    Array.from({ length: plan.count }, () => post(ordersPath(true), order, shop.token)),
  );
  const ids = created.map((answer) => String(answer['order_id']));
  const claimed = await sendAll(
    bench,
    merchant.port,
    created.map((answer, index) =>
      post(`${ordersPath(false)}/${ids[index] ?? ''}/claim`, {
        nonce: encodeBase32(createSigner(generateSeed()).publicKey),
        token: answer['token'],
      }),
    ),
  );
  return claimed.map((answer, index) => {
    const terms = answer['contract_terms'] as JsonObject;
    const contract = parseContract(terms);
    const hContract = hashContract(terms);
    const orderId = ids[index] ?? '';
    const coins = plan.take(index);
    const permissions = coins.map((coin) =>
      signDepositPermission(coin, contract, { hContract, contribution: ownAmount(coin.value) }),
    );
    const payment = post(`${ordersPath(false)}/${orderId}/pay`, { coins: permissions });
    return { orderId, hContract, coins, payment };
  });
}

/** Sends each request once, over all connections. @returns the bodies in their order */
export async function sendAll(
  bench: Bench,
  port: number,
  requests: readonly Buffer[],
  status = 200,
): Promise<JsonObject[]> {
  const { bodies } = await bench.load.run({
    kind: 'load',
    port,
    connections: CONNECTIONS,
    requests,
    order: 'once',
    durationMs: WHOLE_LIST_MS,
    status,
    keepBodies: true,
  });
  return bodies.map((body) => JSON.parse(body) as JsonObject);
}

const PAYTO = 'payto://x-taler-bank/localhost/baseline?receiver-name=Baseline';
const WIRE_SALT_BYTES = 16;

/** The deposit that a backend would send for a contract that never was. */
export function depositRequest(
  exchangeUrl: string,
  sale: { readonly seller: EddsaSigner; readonly hContract: Buffer; readonly coins: readonly WalletCoin[] },
): Buffer {
  const { seller, hContract, coins } = sale;
  const wireSalt = randomBytes(WIRE_SALT_BYTES);
  const now = BigInt(Math.floor(Date.now() / 1000)) * 1_000_000n;
  const day = 86_400_000_000n;
  const target = {
    hWire: hashWire(PAYTO, wireSalt),
    timestamp: now,
    refundDeadline: now + day,
    merchantPub: seller.publicKey,
  };
  const body = depositBody({
    merchantPaytoUri: PAYTO,
    wireSalt,
    hContract,
    merchantPub: seller.publicKey,
    merchantSig: merchantContract.sign(seller, { hContract }),
    timestamp: target.timestamp,
    refundDeadline: target.refundDeadline,
    wireDeadline: now + 2n * day,
    coins: coins.map((coin) => {
      const contribution = ownAmount(coin.value);
      const permission = signDepositPermission(coin, target, { hContract, contribution });
      return {
        coinPub: bytes(coin.coinPub, 32),
        hDenom: bytes(coin.hDenom, 64),
        ubSig: { ...coin.ubSig },
        contribution,
        depositFee: parseAmount(coin.feeDeposit) ?? contribution,
        coinSig: bytes(String(permission['coin_sig']), 64),
      };
    }),
  });
  return post(`${new URL(exchangeUrl).pathname}batch-deposit`, body);
}

/** Bytes out of base32 that the bench has made itself. */
export function bytes(text: string, length: number): Buffer {
  const decoded = decodeBase32(text, length);
  if (decoded === undefined) throw new Error(`not ${length} bytes: ${text}`);
  return decoded;
}
