/** A table of the kind that orders lie in: a surrogate key, the unique pair they are found by, the same bulk. */
export const BASELINE_SCHEMA = `
create table baseline_orders (
  serial int8 generated always as identity primary key,
  instance_serial int8 not null,
  order_id text not null,
  claim_token bytea,
  contract text not null,
  summary text not null,
  currency text not null,
  amount numeric(24,0) not null,
  created_us int8 not null,
  pay_deadline_us int8 not null,
  refund_deadline_us int8 not null,
  wire_deadline_us int8 not null,
  h_wire bytea not null,
  body text,
  public_body text,
  constraint baseline_orders_key unique (instance_serial, order_id)
)`;

export const BASELINE_FIND_PRIVATE = {
  name: 'find-private',
  text: 'select body from baseline_orders where instance_serial = $1 and order_id = $2',
};
export const BASELINE_FIND_PUBLIC = {
  name: 'find-public',
  text: 'select public_body from baseline_orders where instance_serial = $1 and order_id = $2',
};
export const BASELINE_INSERT = {
  name: 'insert',
  text: `insert into baseline_orders (instance_serial, order_id, claim_token, contract, summary, currency, amount,
      created_us, pay_deadline_us, refund_deadline_us, wire_deadline_us, h_wire)
    values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)`,
};
