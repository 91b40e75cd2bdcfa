import { randomBytes } from 'node:crypto';
import { parseAmount } from '../../src/taler/amount';
import { decodeBase32, encodeBase32 } from '../../src/taler/base32';
import { hashContract } from '../../src/taler/contract-terms';
import { createSigner, type EddsaSigner, generateSeed } from '../../src/taler/eddsa';
import type { JsonObject } from '../../src/taler/json';
import { hashWire } from '../../src/taler/payto';
import { merchantContract } from '../../src/taler/signatures-merchant';
import { depositBody } from '../../src/exchange/deposit-call';
import { parseContract } from '../../sandbox/wallet/contract';
import { signDepositPermission } from '../../sandbox/wallet/deposit-permission';
import { ownAmount, type WalletCoin } from '../../sandbox/wallet/state';
import { withdrawCoins } from '../coins';
import { compare } from '../compare';
import { post } from '../http-message';
import type { Merchant } from '../merchant';
import type { Row } from '../report';
import { CONNECTIONS, type PaymentSize } from '../settings';
import { type Bench, orderOf, ordersPath, type Shop } from '../world';
import { toRow } from './http-rows';

const PAYTO = 'payto://x-taler-bank/localhost/baseline?receiver-name=Baseline';
const WIRE_SALT_BYTES = 16;
/** Long enough for every list of requests; a round ends with its list. */
const PREPARATION_MS = 600_000;

/**
 * Payments with fresh coins against the same number of deposits sent to the exchange directly. Both lists end when
 * all are through, so a round is as long as its payments take.
 */
export async function payRow(bench: Bench, shop: Shop, merchant: Merchant, size: PaymentSize): Promise<Row> {
  const { rounds } = bench.sizes;
  const perSide = size.warmUp + rounds * size.perRound;
  bench.say(`withdrawing ${2 * perSide * size.coins} coins`);
  const coins = await withdrawCoins(bench.exchange.base_url, 2 * perSide * size.coins);
  const take = (index: number): WalletCoin[] => coins.slice(index * size.coins, (index + 1) * size.coins);
  const pays = await payRequests(bench, shop, merchant, { ...size, count: perSide, take });
  const deposits = depositRequests(bench, { count: perSide, take: (index) => take(perSide + index) });
  const ofRound =
    (requests: readonly Buffer[]) =>
    (round: number): readonly Buffer[] => {
      if (round === 0) return requests.slice(0, size.warmUp);
      const first = size.warmUp + (round - 1) * size.perRound;
      return requests.slice(first, first + size.perRound);
    };
  const exchangePort = Number(new URL(bench.exchange.base_url).port);
  const measured = await compare(
    bench.load,
    { ...bench.sizes, roundMs: PREPARATION_MS, warmUpMs: PREPARATION_MS },
    {
      ours: { ...merchant.server.target, status: 200, order: 'once', requests: ofRound(pays) },
      baseline: {
        port: exchangePort,
        processes: () => bench.exchangePids,
        status: 200,
        order: 'once',
        requests: ofRound(deposits),
      },
    },
  );
  const operation = `pay with ${size.coins} coin${size.coins === 1 ? '' : 's'} (RSA 2048)`;
  return toRow({ operation, ratio: 0.6, note: `${size.perRound} payments per round` }, measured);
}

/** Orders, claimed over HTTP, and the payments that the coins sign for them. */
async function payRequests(
  bench: Bench,
  shop: Shop,
  merchant: Merchant,
  plan: { coins: number; count: number; take: (index: number) => WalletCoin[] },
): Promise<Buffer[]> {
  const call = async (requests: Buffer[]): Promise<JsonObject[]> => {
    const { bodies } = await bench.load.run({
      kind: 'load',
      port: merchant.port,
      connections: CONNECTIONS,
      requests,
      order: 'once',
      durationMs: PREPARATION_MS,
      status: 200,
      keepBodies: true,
    });
    return bodies.map((body) => JSON.parse(body) as JsonObject);
  };
  // The deposit fee of each coin comes out of the coin: a contribution of 1 is worth 0.99.
  const order = orderOf((0.99 * plan.coins).toFixed(2));
  const created = await call(
    Array.from({ length: plan.count }, () => post(ordersPath(true), order, shop.token)),
  );
  const paths = created.map((answer) => `${ordersPath(false)}/${String(answer['order_id'])}`);
  const claimed = await call(
    created.map((answer, index) =>
      post(`${paths[index] ?? ''}/claim`, {
        nonce: encodeBase32(createSigner(generateSeed()).publicKey),
        token: answer['token'],
      }),
    ),
  );
  return claimed.map((answer, index) => {
    const terms = answer['contract_terms'] as JsonObject;
    const contract = parseContract(terms);
    const hContract = hashContract(terms);
    const coins = plan
      .take(index)
      .map((coin) =>
        signDepositPermission(coin, contract, { hContract, contribution: ownAmount(coin.value) }),
      );
    return post(`${paths[index] ?? ''}/pay`, { coins });
  });
}

/** The deposits that a backend would send for as many contracts that never were. */
function depositRequests(
  bench: Bench,
  plan: { count: number; take: (index: number) => WalletCoin[] },
): Buffer[] {
  const merchant = createSigner(generateSeed());
  return Array.from({ length: plan.count }, (_, index) => {
    return depositRequest(bench.exchange.base_url, merchant, plan.take(index));
  });
}

function depositRequest(exchangeUrl: string, merchant: EddsaSigner, coins: readonly WalletCoin[]): Buffer {
  const wireSalt = randomBytes(WIRE_SALT_BYTES);
  const hContract = randomBytes(64);
  const now = BigInt(Math.floor(Date.now() / 1000)) * 1_000_000n;
  const day = 86_400_000_000n;
  const target = {
    hWire: hashWire(PAYTO, wireSalt),
    timestamp: now,
    refundDeadline: now + day,
    merchantPub: merchant.publicKey,
  };
  const body = depositBody({
    merchantPaytoUri: PAYTO,
    wireSalt,
    hContract,
    merchantPub: merchant.publicKey,
    merchantSig: merchantContract.sign(merchant, { hContract }),
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

function bytes(text: string, length: number): Buffer {
  const decoded = decodeBase32(text, length);
  if (decoded === undefined) throw new Error(`not ${length} bytes: ${text}`);
  return decoded;
}
