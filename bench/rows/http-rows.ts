import { createHash } from 'node:crypto';
import { createSigner, generateSeed } from '../../src/taler/eddsa';
import { encodeBase32 } from '../../src/taler/base32';
import { merchantPaymentOk } from '../../src/taler/signatures-merchant';
import { orderUnclaim } from '../../src/taler/signatures-wallet';
import { compare, type Measured, type Side } from '../compare';
import { copyOf, QueryWatch } from '../database';
import { get, post } from '../http-message';
import { figure, type Row } from '../report';
import type { Merchant } from '../merchant';
import { type Baseline, type Bench, claimRequests, orderOf, ordersPath, type Shop } from '../world';

/** Everything that the rows against a bare Express handler need. */
export interface HttpWorld {
  readonly bench: Bench;
  readonly shop: Shop;
  readonly merchant: Merchant;
  readonly baseline: Baseline;
}

export const PAID_PREFIX = 'P';
const CLAIM_PREFIX = 'C';
/** Distinct forgeries that are sent in turn. */
const FORGERIES = 500;

/** Without a ratio there is nothing to judge. */
type Aim = { readonly operation: string; readonly ratio?: number; readonly note?: string };

async function ratioRow(world: HttpWorld, aim: Aim, sides: { ours: Side; baseline: Side }): Promise<Row> {
  const measured = await compare(world.bench.load, world.bench.sizes, sides);
  return toRow(aim, measured);
}

/** What a request costs the server alone: other load on the machine does not change it. */
function cpuNote({ ours, baseline }: { ours: Measured; baseline: Measured }): string | undefined {
  if (ours.cpuUs === undefined || baseline.cpuUs === undefined) return undefined;
  return `processor time of the server ${figure(ours.cpuUs)} us, baseline ${figure(baseline.cpuUs)} us`;
}

export function toRow(aim: Aim, measured: { ours: Measured; baseline: Measured }): Row {
  const ratio = measured.ours.perSecond / measured.baseline.perSecond;
  return {
    operation: aim.operation,
    ours: `${figure(measured.ours.perSecond)}/s`,
    baseline: `${figure(measured.baseline.perSecond)}/s`,
    ratio: ratio.toFixed(2),
    aim: aim.ratio === undefined ? '-' : `>= ${aim.ratio.toFixed(2)}`,
    isMet: aim.ratio === undefined ? undefined : ratio >= aim.ratio,
    note: [aim.note, cpuNote(measured)].filter((part) => part !== undefined).join('; '),
    facts: measured,
  };
}

export const copyNumbers = (count: number): number[] =>
  Array.from({ length: count }, (_, index) => index + 1);

export function privateStatus(world: HttpWorld): Promise<Row> {
  const { shop, merchant, baseline, bench } = world;
  const copies = copyNumbers(bench.sizes.paidOrders).map((number) => copyOf({ prefix: PAID_PREFIX }, number));
  const ours = copies.map(({ orderId }) => get(`${ordersPath(true)}/${orderId}`, shop.token));
  const theirs = copies.map(({ orderId }) => get(`/private/${orderId}`, shop.token));
  return ratioRow(
    world,
    { operation: 'private status of a paid order', ratio: 0.75 },
    {
      ours: { ...merchant.server.target, status: 200, order: 'repeat', requests: () => ours },
      baseline: { ...baseline.server.target, status: 200, order: 'repeat', requests: () => theirs },
    },
  );
}

export function publicStatus(world: HttpWorld): Promise<Row> {
  const { merchant, baseline, bench } = world;
  const copies = copyNumbers(bench.sizes.paidOrders).map((number) => copyOf({ prefix: PAID_PREFIX }, number));
  const ours = copies.map(({ orderId, hContract }) =>
    get(`${ordersPath(false)}/${orderId}?h_contract=${hContract}`),
  );
  const theirs = copies.map(({ orderId, hContract }) => get(`/public/${orderId}?h_contract=${hContract}`));
  return ratioRow(
    world,
    { operation: 'public status of a paid order', ratio: 0.75 },
    {
      ours: { ...merchant.server.target, status: 200, order: 'repeat', requests: () => ours },
      baseline: { ...baseline.server.target, status: 200, order: 'repeat', requests: () => theirs },
    },
  );
}

export function createOrders(world: HttpWorld): Promise<Row> {
  const ours = [post(ordersPath(true), orderOf('5'), world.shop.token)];
  const theirs = [post('/orders', orderOf('5'), world.shop.token)];
  return ratioRow(
    world,
    { operation: 'create an order', ratio: 0.6 },
    {
      ours: { ...world.merchant.server.target, status: 200, order: 'repeat', requests: () => ours },
      baseline: { ...world.baseline.server.target, status: 200, order: 'repeat', requests: () => theirs },
    },
  );
}

/** The copies that `claim` claims; they have to be stored before. */
export const claimCopies = (world: { bench: Bench }) => ({
  prefix: CLAIM_PREFIX,
  count: (world.bench.sizes.rounds + 1) * world.bench.sizes.claimsPerRound,
  isClaimed: 'false',
  isPaid: 'false',
});

export function claimOrders(world: HttpWorld): Promise<Row> {
  const { claimsPerRound } = world.bench.sizes;
  const requestsOf = (round: number): Buffer[] =>
    claimRequests(CLAIM_PREFIX, round * claimsPerRound + 1, (round + 1) * claimsPerRound);
  const theirs = post('/claim', {
    nonce: encodeBase32(createSigner(generateSeed()).publicKey),
    token: copyOf({ prefix: CLAIM_PREFIX }, 1).claimToken,
  });
  return ratioRow(
    world,
    { operation: 'claim (distinct orders)', ratio: 0.5 },
    {
      ours: { ...world.merchant.server.target, status: 200, order: 'once', requests: requestsOf },
      baseline: { ...world.baseline.server.target, status: 200, order: 'repeat', requests: () => [theirs] },
    },
  );
}

/** A signature of the right form by the wrong key: OpenSSL refuses others before it computes anything. */
interface Forgery {
  readonly orderId: string;
  readonly nonce: Buffer;
  readonly hContract: Buffer;
  readonly receipt: Buffer;
  readonly unclaim: Buffer;
}

function makeForgeries(): Forgery[] {
  return copyNumbers(FORGERIES).map((number) => {
    const forger = createSigner(generateSeed());
    const hContract = createHash('sha512').update(`forgery ${number}`).digest();
    return {
      orderId: copyOf({ prefix: PAID_PREFIX }, number).orderId,
      nonce: createSigner(generateSeed()).publicKey,
      hContract,
      receipt: merchantPaymentOk.sign(forger, { hContract }),
      unclaim: orderUnclaim.sign(forger, { hContract }),
    };
  });
}

/** Of the requests, at most this share may coincide with a query: jobs and heartbeats ask now and then. */
const QUERY_SHARE_MAX = 0.001;

/** The row, and the proof that no query was made for the requests it measured. */
async function forgeryRow(
  world: HttpWorld,
  operation: string,
  requests: { ours: Buffer[]; baseline: Buffer[] },
): Promise<Row> {
  const { load, sizes, serverUrl } = world.bench;
  const side = { status: 403, order: 'repeat' } as const;
  const ours: Side = { ...side, ...world.merchant.server.target, requests: () => requests.ours };
  const baseline: Side = { ...side, ...world.baseline.server.target, requests: () => requests.baseline };
  const watch = await QueryWatch.start(serverUrl, world.shop.databaseUrl);
  const measured = await compare(load, sizes, { ours, baseline });
  const queries = await watch.stop();
  const row = toRow({ operation, ratio: 0.75 }, measured);
  const answered = measured.ours.answered;
  return {
    ...row,
    aim: `${row.aim}, no query`,
    isMet: row.isMet === true && queries.count <= answered * QUERY_SHARE_MAX,
    note: `${row.note ?? ''}; ${queries.count} queries (jobs and heartbeats) while ${answered} requests were answered`,
    facts: { ...measured, queries },
  };
}

export function falseReceipt(world: HttpWorld): Promise<Row> {
  const forgeries = makeForgeries();
  const base64 = (bytes: Buffer): string => bytes.toString('base64url');
  return forgeryRow(world, '/paid with a false signature', {
    ours: forgeries.map(({ orderId, receipt, hContract }) =>
      post(`${ordersPath(false)}/${orderId}/paid`, {
        sig: encodeBase32(receipt),
        h_contract: encodeBase32(hContract),
        session_id: 'session',
      }),
    ),
    baseline: forgeries.map(({ receipt, hContract }) =>
      post('/paid', { sig: base64(receipt), h_contract: base64(hContract), session_id: 'session' }),
    ),
  });
}

export function falseUnclaim(world: HttpWorld): Promise<Row> {
  const forgeries = makeForgeries();
  const base64 = (bytes: Buffer): string => bytes.toString('base64url');
  return forgeryRow(world, '/unclaim with a false signature', {
    ours: forgeries.map(({ orderId, unclaim, hContract, nonce }) =>
      post(`${ordersPath(false)}/${orderId}/unclaim`, {
        unclaim_sig: encodeBase32(unclaim),
        h_contract: encodeBase32(hContract),
        nonce: encodeBase32(nonce),
      }),
    ),
    baseline: forgeries.map(({ unclaim, hContract, nonce }) =>
      post('/unclaim', { sig: base64(unclaim), h_contract: base64(hContract), nonce: base64(nonce) }),
    ),
  });
}
