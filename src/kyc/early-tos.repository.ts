import { Injectable } from '@nestjs/common';
import { Database, Statement } from '../platform/database/database';

const FIND: Statement = {
  name: 'early-tos-find',
  text: 'select exchange_url, tos_version from early_tos where instance_serial = $1',
};
const SAVE: Statement = {
  name: 'early-tos-save',
  text: `insert into early_tos (instance_serial, exchange_url, tos_version, accepted_us) values ($1, $2, $3, $4)
    on conflict on constraint early_tos_pkey do update
      set tos_version = excluded.tos_version, accepted_us = excluded.accepted_us`,
};

export interface EarlyAcceptance {
  readonly instanceSerial: bigint;
  readonly exchangeUrl: string;
  readonly tosVersion: string;
  readonly acceptedUs: bigint;
}

/** Terms of exchanges that merchants accepted before any KYC (management.md 6.8). */
@Injectable()
export class EarlyTosRepository {
  constructor(private readonly database: Database) {}

  /** Base URL of the exchange -> version. */
  async find(instanceSerial: bigint): Promise<ReadonlyMap<string, string>> {
    const rows = await this.database.query<{ exchange_url: string; tos_version: string }>(FIND, [
      instanceSerial,
    ]);
    return new Map(rows.map((row) => [row.exchange_url, row.tos_version]));
  }

  /** The latest word counts. */
  async save({ instanceSerial, exchangeUrl, tosVersion, acceptedUs }: EarlyAcceptance): Promise<void> {
    await this.database.query(SAVE, [instanceSerial, exchangeUrl, tosVersion, acceptedUs]);
  }
}
