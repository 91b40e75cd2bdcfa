import { Injectable } from '@nestjs/common';
import { Database, Statement } from '../platform/database/database';
import type { Timestamp } from '../taler/timestamp';

/** A completed order on its way into the table; times in microseconds, amount in 10^-8. */
export interface NewOrder {
  readonly instanceSerial: bigint;
  readonly orderId: string;
  readonly requestHash: Buffer;
  readonly claimToken: Buffer | undefined;
  readonly protoContract: string;
  readonly contractVersion: number;
  readonly summary: string;
  readonly currency: string;
  readonly amountUnits: bigint;
  readonly merchantBaseUrl: string;
  readonly fulfillmentUrl: string | undefined;
  readonly publicReorderUrl: string | undefined;
  readonly sessionId: string | undefined;
  readonly createdUs: bigint;
  readonly payDeadlineUs: Timestamp;
  readonly refundDeadlineUs: Timestamp;
  readonly wireDeadlineUs: Timestamp;
  readonly hWire: Buffer;
}

const INSERT_INTO = `insert into orders (instance_serial, order_id, request_hash, claim_token, proto_contract,
      contract_version, summary, currency, amount, merchant_base_url, fulfillment_url, public_reorder_url, session_id,
      created_us, pay_deadline_us, refund_deadline_us, wire_deadline_us, h_wire)
    select $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18`;
const UNLESS_TAKEN = 'on conflict on constraint orders_instance_order_key do nothing returning serial';
const INSERT: Statement = { name: 'order-insert', text: `${INSERT_INTO} ${UNLESS_TAKEN}` };
const INSERT_UNLESS_HELD: Statement = {
  name: 'order-insert-unless-held',
  // The look before it may be outdated by now.
  text: `${INSERT_INTO} where not exists (select from deleted_orders where instance_serial = $1 and order_id = $2
      and held_until_us > $14 and request_hash <> $3)
    ${UNLESS_TAKEN}`,
};
const FIND_REQUEST: Statement = {
  name: 'order-find-request',
  text: `select request_hash, claim_token, pay_deadline_us, false as deleted from orders
      where instance_serial = $1 and order_id = $2
    union all select request_hash, null, held_until_us, true from deleted_orders
      where instance_serial = $1 and order_id = $2 and held_until_us > $3
    order by deleted limit 1`,
};

/** How orders come into the table (orders.md 4.1). */
@Injectable()
export class OrderCreationRepository {
  constructor(private readonly database: Database) {}

  /**
   * One statement, hence one commit: nothing else belongs to the creation of an order.
   * @param mayBeHeld the id was given, so that a deleted order may have had it; ids that we make up are new
   * @returns false when the id is taken (orders_instance_order_key), or held for a deleted order with another request
   */
  async insert(order: NewOrder, { mayBeHeld }: { mayBeHeld: boolean }): Promise<boolean> {
    const rows = await this.database.query(mayBeHeld ? INSERT_UNLESS_HELD : INSERT, [
      order.instanceSerial,
      order.orderId,
      order.requestHash,
      order.claimToken,
      order.protoContract,
      order.contractVersion,
      order.summary,
      order.currency,
      order.amountUnits,
      order.merchantBaseUrl,
      order.fulfillmentUrl,
      order.publicReorderUrl,
      order.sessionId,
      order.createdUs,
      order.payDeadlineUs,
      order.refundDeadlineUs,
      order.wireDeadlineUs,
      order.hWire,
    ]);
    return rows.length > 0;
  }

  /**
   * What a repeat of the creating request is compared with and answered from (orders.md 4.1, idempotency): the order, or
   * what is left of one that was deleted while a wallet may hold its contract (orders.md 13).
   */
  async findRequest(instanceSerial: bigint, orderId: string, nowUs: bigint) {
    const [row] = await this.database.query<{
      request_hash: Buffer;
      claim_token: Buffer | null;
      pay_deadline_us: string;
      deleted: boolean;
    }>(FIND_REQUEST, [instanceSerial, orderId, nowUs]);
    return (
      row && {
        requestHash: row.request_hash,
        claimToken: row.claim_token ?? undefined,
        payDeadline: BigInt(row.pay_deadline_us),
        deleted: row.deleted,
      }
    );
  }
}
