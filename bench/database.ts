import { createHash } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { Client } from 'pg';
import { encodeBase32 } from '../src/taler/base32';

/** Opens a connection for one piece of work. */
export async function withClient<T>(url: string, work: (client: Client) => Promise<T>): Promise<T> {
  const client = new Client({ connectionString: url, ssl: false, application_name: 'bench' });
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

/** Creates an empty database beside the one of the URL. @returns its URL */
export async function createDatabase(serverUrl: string, name: string): Promise<string> {
  await withClient(serverUrl, (client) => client.query(`create database ${client.escapeIdentifier(name)}`));
  const url = new URL(serverUrl);
  url.pathname = `/${name}`;
  return url.href;
}

/** Copies of an order; all that is secret about them follows from their number, so nothing has to be read back. */
export interface Copies {
  /** Order to copy; unclaimed. */
  readonly templateId: string;
  /** Begins every order id; different for every set of copies. */
  readonly prefix: string;
  readonly count: number;
  /** SQL over the number `g` of a copy, 1 to count. */
  readonly isClaimed: string;
  readonly isPaid: string;
  /** Claim nonce of claimed copies, base32. */
  readonly nonce: string;
}

export interface Copy {
  readonly orderId: string;
  /** base32. */
  readonly claimToken: string;
  /** base32; the hash is made up, nobody signed it. */
  readonly hContract: string;
}

const ID_CHARACTERS = 13;

/** @param number 1 to count */
export function copyOf({ prefix }: Pick<Copies, 'prefix'>, number: number): Copy {
  const md5 = (text: string): Buffer => createHash('md5').update(text).digest();
  const id = md5(`${prefix}${number}`).toString('hex').slice(0, ID_CHARACTERS).toUpperCase();
  const orderId = `${prefix}${id}`;
  return {
    orderId,
    claimToken: encodeBase32(md5(orderId)),
    hContract: encodeBase32(createHash('sha512').update(orderId).digest()),
  };
}

/**
 * Stores many orders with one statement. Every column that is not named here is the template's, so a column that is
 * added to orders later is copied too.
 */
export async function copyOrders(client: Client, copies: Copies): Promise<void> {
  const { rows } = await client.query<{ name: string }>(
    `select column_name as name from information_schema.columns
     where table_schema = 'public' and table_name = 'orders' and is_identity = 'NO' and is_generated = 'NEVER'`,
  );
  const special: Record<string, string> = {
    order_id: 'n.id',
    claim_token: `decode(md5(n.id), 'hex')`,
    proto_contract: 'replace(t.proto_contract, t.order_id, n.id)',
    created_us: 't.created_us - (n.total - g) * 1000',
    nonce: `case when ${copies.isClaimed} then $3::text end`,
    h_contract: `case when ${copies.isClaimed} then sha512(convert_to(n.id, 'UTF8')) end`,
    claimed_us: `case when ${copies.isClaimed} then t.created_us end`,
    paid_us: `case when ${copies.isPaid} then t.created_us end`,
    last_payment_us: `case when ${copies.isPaid} then t.created_us end`,
  };
  const names = rows.map(({ name }) => name);
  const values = names.map((name) => special[name] ?? `t.${name}`);
  await client.query(
    `insert into orders (${names.join(', ')})
     select ${values.join(', ')} from orders t
     cross join generate_series(1, $2::int) g
     cross join lateral (
       select $1::text || upper(substr(md5($1::text || g), 1, ${ID_CHARACTERS})) as id, $2::int8 as total
     ) n
     where t.order_id = $4`,
    [copies.prefix, copies.count, copies.nonce, copies.templateId],
  );
}

/** After a mass insert, so that neither vacuum nor checkpoint falls into a measurement. */
export async function settle(client: Client): Promise<void> {
  await client.query('vacuum (analyze) orders');
  await client.query('checkpoint');
}

/** A backend of PostgreSQL may keep its counts to itself for ten seconds after its last statement. */
const COUNTS_SETTLE_MS = 11_000;

/** Counts the transactions of a database; every statement of its own is one. */
export class TransactionCount {
  private constructor(
    private readonly serverUrl: string,
    private readonly database: string,
    private readonly before: number,
  ) {}

  /** @param databaseUrl of the database to watch; asked from another one, so that asking does not count */
  static async start(serverUrl: string, databaseUrl: string): Promise<TransactionCount> {
    const database = new URL(databaseUrl).pathname.slice(1);
    await delay(COUNTS_SETTLE_MS);
    return new TransactionCount(serverUrl, database, await read(serverUrl, database));
  }

  /** Transactions since the start. */
  async seen(): Promise<number> {
    await delay(COUNTS_SETTLE_MS);
    return (await read(this.serverUrl, this.database)) - this.before;
  }
}

async function read(serverUrl: string, database: string): Promise<number> {
  return withClient(serverUrl, async (client) => {
    const { rows } = await client.query<{ count: string }>(
      'select xact_commit + xact_rollback as count from pg_stat_database where datname = $1',
      [database],
    );
    return Number(rows[0]?.count ?? Number.NaN);
  });
}
