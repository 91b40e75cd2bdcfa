import { Injectable } from '@nestjs/common';
import { Database, Statement } from '../platform/database/database';
import { TrustedExchange } from './exchange-directory';

/** A /keys document as it came from the network; verified anew whenever it is read. */
export interface StoredKeys {
  readonly body: string;
  readonly fetchedUs: bigint;
  readonly expiresUs: bigint;
}

/** `int8` arrives as text. */
interface Row {
  body: string;
  fetched_us: string;
  expires_us: string;
}

const LOAD: Statement = {
  name: 'exchange_keys_load',
  text: 'select body, fetched_us, expires_us from exchange_keys where base_url = $1 and master_pub = $2',
};

const SAVE: Statement = {
  name: 'exchange_keys_save',
  text: `insert into exchange_keys (base_url, master_pub, body, fetched_us, expires_us)
    values ($1, $2, $3, $4, $5)
    on conflict (base_url) do update
      set master_pub = excluded.master_pub, body = excluded.body,
          fetched_us = excluded.fetched_us, expires_us = excluded.expires_us
      where exchange_keys.fetched_us <= excluded.fetched_us
         or exchange_keys.master_pub <> excluded.master_pub`,
};

/**
 * Table exchange_keys: the last good /keys of every exchange. It lets a process start while an exchange is down, and
 * lets many processes share one download.
 */
@Injectable()
export class ExchangeKeysStore {
  constructor(private readonly database: Database) {}

  /** The stored document, unless it was fetched under another master key than the one configured now. */
  async load(exchange: TrustedExchange): Promise<StoredKeys | undefined> {
    const [row] = await this.database.query<Row>(LOAD, [exchange.baseUrl, exchange.masterPub]);
    if (row === undefined) return undefined;
    return { body: row.body, fetchedUs: BigInt(row.fetched_us), expiresUs: BigInt(row.expires_us) };
  }

  /** Keeps the newer document when two processes save at once, except under a new master key. */
  async save(exchange: TrustedExchange, keys: StoredKeys): Promise<void> {
    const { body, fetchedUs, expiresUs } = keys;
    const values = [exchange.baseUrl, exchange.masterPub, body, fetchedUs.toString(), expiresUs.toString()];
    await this.database.query(SAVE, values);
  }
}
