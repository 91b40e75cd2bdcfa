/** Tables of the kind that orders and their money lie in: surrogate keys, the unique keys they are found by, the same bulk. */
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
  h_contract bytea,
  paid_us int8,
  session_id text,
  refund_granted numeric(24,0) not null default 0,
  refund_obtained numeric(24,0) not null default 0,
  body text,
  public_body text,
  constraint baseline_orders_key unique (instance_serial, order_id)
);
create index on baseline_orders (instance_serial, serial);
create index on baseline_orders (instance_serial, serial) where refund_granted > 0;
create index on baseline_orders (instance_serial, session_id) where session_id is not null;
create table baseline_deposits (
  serial int8 generated always as identity primary key,
  order_serial int8 not null references baseline_orders,
  coin_pub bytea not null,
  currency text not null,
  contribution numeric(24,0) not null,
  refund_fee numeric(24,0) not null,
  constraint baseline_deposits_key unique (order_serial, coin_pub)
);
create table baseline_refunds (
  serial int8 generated always as identity primary key,
  order_serial int8 not null references baseline_orders,
  coin_pub bytea not null,
  rtransaction_id int8 not null,
  currency text not null,
  amount numeric(24,0) not null,
  reason text not null,
  granted_us int8 not null,
  exchange_pub bytea,
  exchange_sig bytea,
  obtained_us int8,
  failure_status int4,
  constraint baseline_refunds_key unique (order_serial, coin_pub, rtransaction_id)
);
create table baseline_attempts (
  serial int8 generated always as identity primary key,
  order_serial int8 not null references baseline_orders,
  request text not null,
  owner int8
);
create index on baseline_attempts (order_serial);`;

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

/** What the order's row says, but for its contract. */
const COLUMNS = `serial, order_id, summary, currency, amount, claim_token, session_id, created_us, pay_deadline_us,
  refund_deadline_us, wire_deadline_us, h_wire, h_contract, paid_us, refund_granted, refund_obtained`;

export const BASELINE_FIND = {
  name: 'find',
  text: `select ${COLUMNS} from baseline_orders where instance_serial = $1 and order_id = $2`,
};
export const BASELINE_FIND_WITH_CONTRACT = {
  name: 'find-with-contract',
  text: `select ${COLUMNS}, contract from baseline_orders where instance_serial = $1 and order_id = $2`,
};
export const BASELINE_LOCK = {
  name: 'lock',
  text: `select ${COLUMNS} from baseline_orders where instance_serial = $1 and order_id = $2 for update`,
};
/** Values: instance, length; of a session also its name. */
export const BASELINE_LISTS = {
  all: listed('all', ''),
  paid: listed('paid', 'and paid_us is not null'),
  refunded: listed('refunded', 'and refund_granted > 0'),
  // Fenced as ours is: without it the planner may walk through all orders instead.
  session: {
    name: 'list-session',
    text: `select * from (select ${COLUMNS} from baseline_orders where instance_serial = $1 and session_id = $3 offset 0)
      as found order by serial desc limit $2`,
  },
} as const;
export const BASELINE_ADD_GRANTED = {
  name: 'add-granted',
  text: 'update baseline_orders set refund_granted = refund_granted + $2 where serial = $1',
};
export const BASELINE_ADD_OBTAINED = {
  name: 'add-obtained',
  text: 'update baseline_orders set refund_obtained = refund_obtained + $2 where serial = $1',
};
export const BASELINE_DEPOSITS = {
  name: 'deposits',
  text: `select coin_pub, currency, contribution, refund_fee from baseline_deposits
    where order_serial = $1 order by serial`,
};
export const BASELINE_REFUNDS = {
  name: 'refunds',
  text: `select serial, coin_pub, rtransaction_id, currency, amount, reason, granted_us, exchange_pub, exchange_sig,
      failure_status
    from baseline_refunds where order_serial = $1 order by serial`,
};
export const BASELINE_INSERT_REFUND = {
  name: 'insert-refund',
  text: `insert into baseline_refunds (order_serial, coin_pub, rtransaction_id, currency, amount, reason, granted_us)
    values ($1, $2, $3, $4, $5, $6, $7)`,
};
export const BASELINE_MARK_ASKED = {
  name: 'mark-asked',
  text: 'update baseline_refunds set failure_status = 0 where serial = any ($1::int8[]) and exchange_sig is null',
};
export const BASELINE_CONFIRM = {
  name: 'confirm',
  text: `update baseline_refunds set exchange_pub = $2, exchange_sig = $3, obtained_us = $4, failure_status = null
    where serial = $1 and exchange_sig is null`,
};
export const BASELINE_RELEASE = {
  name: 'release',
  text: 'update baseline_attempts set owner = null where order_serial = $1 and owner is not null',
};
export const BASELINE_ATTEMPTS = {
  name: 'attempts',
  text: 'select serial, request from baseline_attempts where order_serial = $1 order by serial',
};

function listed(name: string, filter: string) {
  return {
    name: `list-${name}`,
    text: `select ${COLUMNS} from baseline_orders where instance_serial = $1 ${filter} order by serial desc limit $2`,
  };
}
