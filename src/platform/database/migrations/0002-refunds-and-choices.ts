import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Contracts with choices, refunds that the wallet collects, deleted orders whose contract a wallet may still hold. */
export class RefundsAndChoices1795219200000 implements MigrationInterface {
  readonly name = 'RefundsAndChoices1795219200000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(ORDERS);
    await runner.query(REFUNDS);
    await runner.query(DELETED_ORDERS);
  }

  async down(): Promise<void> {
    throw new Error('migrations go forward only');
  }
}

const ORDERS = `
-- of a contract with choices (1), currency and amount are those of the paid choice, before that of the first one
alter table orders add column contract_version int2 not null default 0
  constraint orders_contract_version_check check (contract_version in (0, 1));
-- GET sessions/$ID asks for unpaid orders too (orders.md 5.8); and a payment touches no column of this index any more
drop index orders_session_idx;
create index orders_session_idx on orders
  (instance_serial, hashtextextended(session_id, 0), hashtextextended(fulfillment_url, 0))
  where session_id is not null;
-- the list's refunded=yes among a million others (orders.md 4.2)
create index orders_refunded_idx on orders (instance_serial, serial) where refund_granted > 0;
`;

const REFUNDS = `
-- the last refusal of the exchange, until it confirms
alter table refunds add column failure_status int4;
alter table refunds add column failure_code int4;
alter table refunds add column failure_reply text;
alter table refunds add column obtained_us int8;
alter table refunds add constraint refunds_confirmation_check
  check ((exchange_sig is null) = (exchange_pub is null) and (exchange_sig is null) = (obtained_us is null));
-- transaction 0 gives a coin back that no price was paid with (abort, excess): it is no refund of the order
update orders set refund_granted = refund_granted - given.back
  from (select order_serial, sum(amount) as back from refunds where rtransaction_id = 0 group by order_serial) as given
  where given.order_serial = orders.serial;
`;

const DELETED_ORDERS = `
create table deleted_orders (
  -- an order that was deleted while a wallet held its contract: until then its id means nothing else (orders.md 13)
  instance_serial int8 not null constraint deleted_orders_instance_fkey references instances (serial) on delete cascade,
  order_id text not null,
  request_hash bytea not null,
  held_until_us int8 not null,
  constraint deleted_orders_pkey primary key (instance_serial, order_id)
);
`;
