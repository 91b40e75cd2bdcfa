import { Injectable } from '@nestjs/common';
import { Database, Statement } from '../platform/database/database';
import { constraintOf } from '../platform/database/pg-errors';
import type { AccountLimit, KycRecord } from './kyc-record';

interface Row {
  account_serial: string;
  exchange_url: string;
  http_status: number;
  exchange_code: number | null;
  access_token: string | null;
  aml_review: boolean;
  tos_required: boolean | null;
  limits: string | null;
  rule_gen: string | null;
  checked_us: string;
}

/** The outcome of a check as it is to be stored. */
export interface NewKycRecord extends KycRecord {
  /** False: the exchange said nothing of the account, so what it said before stays. */
  readonly isInformed: boolean;
}

const COLUMNS = `account_serial, exchange_url, http_status, exchange_code, access_token, aml_review, tos_required,
  limits, rule_gen, checked_us`;

const FIND: Statement = {
  name: 'kyc-status-find',
  text: `select ${COLUMNS} from kyc_status where account_serial = any ($1::int8[])`,
};

/** Tells whether anything changed that can be seen, so that waiters are woken for that only. */
const SAVE: Statement = {
  name: 'kyc-status-save',
  text: `with before as (select * from kyc_status where account_serial = $1 and exchange_url = $2)
    insert into kyc_status as now (${COLUMNS}) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
    on conflict on constraint kyc_status_pkey do update set
      http_status = excluded.http_status, exchange_code = excluded.exchange_code, checked_us = excluded.checked_us,
      access_token = case when $11::bool then excluded.access_token else now.access_token end,
      aml_review = case when $11::bool then excluded.aml_review else now.aml_review end,
      tos_required = case when $11::bool then excluded.tos_required else now.tos_required end,
      limits = case when $11::bool then excluded.limits else now.limits end,
      rule_gen = case when $11::bool then excluded.rule_gen else now.rule_gen end
    returning ${COLUMNS}, not exists (select from before where
      (before.http_status, before.exchange_code, before.access_token, before.aml_review, before.tos_required, before.limits)
      is not distinct from (now.http_status, now.exchange_code, now.access_token, now.aml_review, now.tos_required, now.limits)
    ) as changed`,
};

/** What exchanges last said of bank accounts. */
@Injectable()
export class KycStatusRepository {
  constructor(private readonly database: Database) {}

  async find(accountSerials: readonly bigint[]): Promise<KycRecord[]> {
    if (accountSerials.length === 0) return [];
    return (await this.database.query<Row>(FIND, [accountSerials])).map(toRecord);
  }

  /** @returns what is stored now; undefined when the account was purged meanwhile */
  async save(record: NewKycRecord): Promise<{ record: KycRecord; changed: boolean } | undefined> {
    const { accountSerial, exchangeUrl, httpStatus, exchangeCode, accessToken, amlReview } = record;
    const limits = record.limits && JSON.stringify(record.limits);
    const values = [
      ...[accountSerial, exchangeUrl, httpStatus, exchangeCode, accessToken, amlReview],
      ...[record.tosRequired, limits, record.ruleGen, record.checkedUs, record.isInformed],
    ];
    try {
      const [row] = await this.database.query<Row & { changed: boolean }>(SAVE, values);
      return row && { record: toRecord(row), changed: row.changed };
    } catch (error) {
      if (constraintOf(error) === 'kyc_status_account_fkey') return undefined;
      throw error;
    }
  }
}

function toRecord(row: Row): KycRecord {
  return {
    accountSerial: BigInt(row.account_serial),
    exchangeUrl: row.exchange_url,
    httpStatus: row.http_status,
    exchangeCode: row.exchange_code ?? undefined,
    accessToken: row.access_token ?? undefined,
    amlReview: row.aml_review,
    tosRequired: row.tos_required ?? undefined,
    limits: row.limits === null ? undefined : (JSON.parse(row.limits) as AccountLimit[]),
    ruleGen: row.rule_gen === null ? undefined : Number(row.rule_gen),
    checkedUs: BigInt(row.checked_us),
  };
}
