import { generateSeed, createSigner } from '../src/taler/eddsa';
import { encodeBase32 } from '../src/taler/base32';
import { BASELINE_SCHEMA } from './baseline/statements';
import { type Copies, copyOf, copyOrders, createDatabase, settle, withClient } from './database';
import { post } from './http-message';
import { LoadProcess } from './load/load-process';
import { call, type ExchangeFacts, Merchant, setUpShop } from './merchant';
import { compiled, findFreePort, ServerProcess } from './processes';
import { CURRENCY, HOST, POOL_SIZE, SHOP_ID, type Sizes } from './settings';

/** What a run of the bench starts from. */
export interface Bench {
  readonly sizes: Sizes;
  /** A PostgreSQL with durable settings, shared by ours and the baselines. */
  readonly serverUrl: string;
  readonly exchange: ExchangeFacts;
  /** Empty: not known. */
  readonly exchangePids: readonly number[];
  readonly directory: string;
  readonly load: LoadProcess;
  /** Says on the terminal what goes on. */
  readonly say: (line: string) => void;
}

/** A shop in a database of its own, with an order for each price to make copies of. */
export interface Shop {
  readonly databaseUrl: string;
  readonly token: string;
  /** Orders that nobody has claimed. */
  readonly templates: { readonly priced: string; readonly free: string };
}

/** A shop and the server that serves it. */
export interface OpenShop {
  readonly shop: Shop;
  readonly merchant: Merchant;
}

const NONCE = encodeBase32(createSigner(generateSeed()).publicKey);

/** Path of the shop's public orders; `private` comes before `orders` for the shop's own view. */
export const ordersPath = (isPrivate: boolean): string =>
  `/instances/${SHOP_ID}/${isPrivate ? 'private/' : ''}orders`;

/** The order that the bench sells. */
export const orderOf = (amount: string): object => ({
  order: {
    amount: `${CURRENCY}:${amount}`,
    max_fee: `${CURRENCY}:1`,
    summary: 'One article of the bench, with a summary of usual length',
    fulfillment_url: 'https://shop.example/articles/42?order=${ORDER_ID}',
  },
});

/**
 * Makes a database, a server on it and in it a shop.
 * @param through another way to the database, for the server alone
 */
export async function openShop(
  bench: Bench,
  name: string,
  through = (databaseUrl: string): Promise<string> => Promise.resolve(databaseUrl),
): Promise<OpenShop> {
  const databaseUrl = await createDatabase(bench.serverUrl, name);
  const merchant = await startMerchant(bench, await through(databaseUrl), { name, workers: 1 });
  const token = await setUpShop(merchant.origin);
  const create = async (amount: string): Promise<string> => {
    const url = `${merchant.origin}${ordersPath(true)}`;
    return ((await call(url, `Bearer ${token}`, orderOf(amount))) as { order_id: string }).order_id;
  };
  const templates = { priced: await create('5'), free: await create('0') };
  return { shop: { databaseUrl, token, templates }, merchant };
}

export function startMerchant(
  bench: Bench,
  databaseUrl: string,
  options: { name: string; workers: number },
): Promise<Merchant> {
  return Merchant.start({ ...options, databaseUrl, exchange: bench.exchange, directory: bench.directory });
}

/** Stores copies of an order and lets the database come to rest. */
export async function fill(
  shop: Shop,
  copies: Omit<Copies, 'templateId' | 'nonce'> & { isFree?: boolean },
): Promise<void> {
  const templateId = copies.isFree === true ? shop.templates.free : shop.templates.priced;
  await withClient(shop.databaseUrl, async (client) => {
    await copyOrders(client, { ...copies, templateId, nonce: NONCE });
    await settle(client);
  });
}

/** Requests to claim the copies from `first` to `last`, each with a nonce of its own. */
export function claimRequests(prefix: string, first: number, last: number): Buffer[] {
  return Array.from({ length: last - first + 1 }, (_, index) => {
    const { orderId, claimToken } = copyOf({ prefix }, first + index);
    const nonce = encodeBase32(createSigner(generateSeed()).publicKey);
    return post(`${ordersPath(false)}/${orderId}/claim`, { nonce, token: claimToken });
  });
}

/** Size of the contract that is stored with an order, so that baselines store and read as much. */
export async function contractBytesOf(shop: Shop, orderId: string): Promise<number> {
  const { rows } = await withClient(shop.databaseUrl, (client) =>
    client.query<{ bytes: number }>(
      'select octet_length(proto_contract) as bytes from orders where order_id = $1',
      [orderId],
    ),
  );
  return rows[0]?.bytes ?? 0;
}

export interface Baseline {
  readonly server: ServerProcess;
  readonly databaseUrl: string;
}

/**
 * Starts the bare Express server.
 * @param name of its database and log
 * @param sizes bytes of what ours stores and answers, so that the baseline moves as many
 */
export async function startBaseline(
  bench: Bench,
  name: string,
  sizes: { contractBytes: number; errorBytes?: number; pageBytes?: number },
  env: NodeJS.ProcessEnv = {},
): Promise<Baseline> {
  const databaseUrl = await createDatabase(bench.serverUrl, name);
  await withClient(databaseUrl, (client) => client.query(BASELINE_SCHEMA));
  const port = await findFreePort();
  const server = await ServerProcess.start({
    script: compiled('bench', 'baseline', 'main.js'),
    port,
    log: `${bench.directory}/${name}.log`,
    env: {
      PATH: process.env['PATH'],
      DATABASE_URL: databaseUrl,
      HOST,
      PORT: String(port),
      POOL_SIZE: String(POOL_SIZE),
      CONTRACT_BYTES: String(sizes.contractBytes),
      ERROR_BYTES: String(sizes.errorBytes ?? 0),
      PAGE_BYTES: String(sizes.pageBytes ?? 0),
      ...env,
    },
  });
  return { server, databaseUrl };
}
