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
  /** Refunded wholly, not collected; absent: none. Only paid copies may be. */
  readonly isRefunded?: string;
  /** Text of the browser session; absent or null: none. */
  readonly session?: string;
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
    refund_granted: `case when ${copies.isRefunded ?? 'false'} then t.amount else 0 end`,
    session_id: copies.session ?? 't.session_id',
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

/** Far below the time between two queries of an idle process. */
const SAMPLE_INTERVAL_MS = 40;

/**
 * Notes which statements the backend starts, by looking again and again at what PostgreSQL says of its connections:
 * the start and text of a statement stay there until the next one. Statements on one connection within one interval
 * count once, so a small number is exact and a large one is too small.
 */
export class QueryWatch {
  /** How often each text was seen. */
  private readonly counts = new Map<string, number>();
  private readonly known = new Map<number, string>();
  private isOver = false;
  private sampling: Promise<void> = Promise.resolve();
  private readonly startedMs = performance.now();

  private constructor(private readonly database: string) {}

  /** @param databaseUrl of the database to watch; asked from another one */
  static async start(serverUrl: string, databaseUrl: string): Promise<QueryWatch> {
    const watch = new QueryWatch(new URL(databaseUrl).pathname.slice(1));
    const client = new Client({ connectionString: serverUrl, ssl: false, application_name: 'bench' });
    await client.connect();
    await watch.sample(client);
    watch.counts.clear();
    watch.sampling = watch.run(client);
    return watch;
  }

  /** @returns statements per second, and how often each was seen, most frequent first */
  async stop(): Promise<{ perSecond: number; count: number; queries: Record<string, number> }> {
    const seconds = (performance.now() - this.startedMs) / 1000;
    this.isOver = true;
    await this.sampling;
    const queries = [...this.counts].sort((a, b) => b[1] - a[1]);
    const count = queries.reduce((sum, [, seen]) => sum + seen, 0);
    return { count, perSecond: count / seconds, queries: Object.fromEntries(queries) };
  }

  private async run(client: Client): Promise<void> {
    while (!this.isOver) {
      await delay(SAMPLE_INTERVAL_MS);
      await this.sample(client);
    }
    await client.end();
  }

  private async sample(client: Client): Promise<void> {
    const { rows } = await client.query<{ pid: number; query: string; started: string | null }>({
      name: 'activity',
      text: `select pid, query, query_start::text as started from pg_stat_activity
        where datname = $1 and application_name like 'taler-merchant%'`,
      values: [this.database],
    });
    for (const { pid, query, started } of rows) {
      if (started === null || this.known.get(pid) === started) continue;
      this.known.set(pid, started);
      const text = query.replace(/\s+/g, ' ').slice(0, QUERY_TEXT_MAX);
      this.counts.set(text, (this.counts.get(text) ?? 0) + 1);
    }
  }
}

const QUERY_TEXT_MAX = 80;
