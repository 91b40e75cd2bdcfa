import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * The first schema: instances with their accounts and tokens, orders, payments, the keys of exchanges.
 *
 * Units: `*_us` are microseconds since 1970 (never = 9223372036854775807), amounts are numeric(24,0) in
 * 10^-8 of the currency beside them. Every "at most once" is a named constraint.
 */
export class Initial1795132800000 implements MigrationInterface {
  readonly name = 'Initial1795132800000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(INSTANCES);
    await runner.query(ORDERS);
    await runner.query(PAYMENTS);
    await runner.query(EXCHANGES);
  }

  async down(): Promise<void> {
    throw new Error('migrations go forward only');
  }
}

const INSTANCES = `
create table instances (
  serial int8 generated always as identity constraint instances_pkey primary key,
  id text not null constraint instances_id_key unique,
  name text not null,
  email text,
  phone_number text,
  website text,
  logo text,
  address text not null,
  jurisdiction text not null,
  use_stefan boolean not null,
  default_pay_delay_us int8,
  default_refund_delay_us int8,
  default_wire_transfer_delay_us int8,
  default_wire_transfer_rounding_interval text,
  merchant_pub bytea not null constraint instances_merchant_pub_check check (length(merchant_pub) = 32),
  -- the Ed25519 seed, or nonce + ciphertext + tag when key_encrypted; null once the instance is deleted
  private_key bytea,
  key_encrypted boolean not null,
  -- scrypt; null when the instance was created without a password
  password_salt bytea,
  password_hash bytea,
  created_us int8 not null,
  deleted_us int8
);
create table accounts (
  serial int8 generated always as identity constraint accounts_pkey primary key,
  instance_serial int8 not null constraint accounts_instance_fkey references instances (serial) on delete cascade,
  payto_uri text not null,
  salt bytea not null constraint accounts_salt_check check (length(salt) = 16),
  h_wire bytea not null constraint accounts_h_wire_check check (length(h_wire) = 64),
  credit_facade_url text,
  credit_facade_credentials text,
  extra_wire_subject_metadata text,
  active boolean not null,
  constraint accounts_instance_payto_key unique (instance_serial, payto_uri),
  constraint accounts_instance_h_wire_key unique (instance_serial, h_wire)
);
create table login_tokens (
  serial int8 generated always as identity constraint login_tokens_pkey primary key,
  instance_serial int8 not null constraint login_tokens_instance_fkey references instances (serial) on delete cascade,
  -- SHA-256 of the token: 32 random bytes need no slow hash
  token_hash bytea not null constraint login_tokens_hash_key unique,
  scope text not null,
  refreshable boolean not null,
  description text,
  created_us int8 not null,
  expires_us int8 not null
);
create index login_tokens_instance_idx on login_tokens (instance_serial, serial);
`;

const ORDERS = `
create table orders (
  -- one row for the whole life of an order, so that row_id survives the claim (orders.md 4.2)
  serial int8 generated always as identity constraint orders_pkey primary key,
  instance_serial int8 not null constraint orders_instance_fkey references instances (serial) on delete cascade,
  order_id text not null,
  -- JSON hash of the request, to tell a repeat from a conflict (orders.md 4.1)
  request_hash bytea not null,
  claim_token bytea constraint orders_claim_token_check check (length(claim_token) = 16),
  -- the proto contract as JSON text, never re-serialised; the contract terms are this plus the nonce
  proto_contract text not null,
  summary text not null,
  currency text not null,
  amount numeric(24,0) not null,
  merchant_base_url text not null,
  fulfillment_url text,
  public_reorder_url text,
  session_id text,
  created_us int8 not null,
  pay_deadline_us int8 not null,
  refund_deadline_us int8 not null,
  wire_deadline_us int8 not null,
  h_wire bytea not null,
  -- set by the claim, cleared by unclaim
  nonce text,
  h_contract bytea,
  claimed_us int8,
  -- set by the payment
  paid_us int8,
  last_payment_us int8,
  choice_index int4,
  -- totals of the refunds, kept under the lock of this row (orders.md 4.6, 5.6)
  refund_granted numeric(24,0) not null default 0,
  refund_obtained numeric(24,0) not null default 0,
  constraint orders_instance_order_key unique (instance_serial, order_id),
  constraint orders_claim_check check ((h_contract is null) = (nonce is null) and (h_contract is null) = (claimed_us is null)),
  constraint orders_paid_check check (paid_us is null or h_contract is not null),
  constraint orders_refund_check check (refund_obtained <= refund_granted)
);
-- pages of the list (orders.md 4.2)
create index orders_instance_serial_idx on orders (instance_serial, serial);
-- repurchase detection (orders.md 7.4); hashed, since URLs may be longer than an index entry
create index orders_session_idx on orders
  (instance_serial, hashtextextended(session_id, 0), hashtextextended(fulfillment_url, 0))
  where paid_us is not null and session_id is not null and fulfillment_url is not null;
`;

const PAYMENTS = `
create table payment_attempts (
  -- a pay request on its way to the exchanges: written before the first deposit, removed when every outcome is
  -- recorded, so that a crash between deposit and answer forgets nothing
  serial int8 generated always as identity constraint payment_attempts_pkey primary key,
  order_serial int8 not null constraint payment_attempts_order_fkey references orders (serial) on delete cascade,
  coins_hash bytea not null,
  request text not null,
  received_us int8 not null,
  -- the process that deposits right now; null: nobody, the outcome of some deposit is unknown
  owner int8,
  owned_until_us int8 not null,
  retry_us int8 not null,
  retries int4 not null default 0,
  constraint payment_attempts_order_coins_key unique (order_serial, coins_hash)
);
create unique index payment_attempts_in_flight_key on payment_attempts (order_serial) where owner is not null;
create index payment_attempts_retry_idx on payment_attempts (retry_us);
create table deposit_confirmations (
  -- what an exchange signed for one batch (crypto.md 5, 1033)
  serial int8 generated always as identity constraint deposit_confirmations_pkey primary key,
  order_serial int8 not null constraint deposit_confirmations_order_fkey references orders (serial) on delete cascade,
  exchange_url text not null,
  exchange_pub bytea not null,
  exchange_sig bytea not null,
  exchange_timestamp_us int8 not null,
  currency text not null,
  total_without_fee numeric(24,0) not null,
  wallet_data_hash bytea,
  received_us int8 not null
);
create index deposit_confirmations_order_idx on deposit_confirmations (order_serial);
create table deposits (
  serial int8 generated always as identity constraint deposits_pkey primary key,
  order_serial int8 not null constraint deposits_order_fkey references orders (serial) on delete cascade,
  confirmation_serial int8 not null constraint deposits_confirmation_fkey references deposit_confirmations (serial) on delete cascade,
  -- place in the batch: the confirmation covers the coin signatures in this order
  position int4 not null,
  exchange_url text not null,
  coin_pub bytea not null,
  coin_sig bytea not null,
  h_denom bytea not null,
  currency text not null,
  contribution numeric(24,0) not null,
  deposit_fee numeric(24,0) not null,
  refund_fee numeric(24,0) not null,
  constraint deposits_order_coin_key unique (order_serial, coin_pub)
);
create index deposits_confirmation_idx on deposits (confirmation_serial);
create table refunds (
  serial int8 generated always as identity constraint refunds_pkey primary key,
  order_serial int8 not null constraint refunds_order_fkey references orders (serial) on delete cascade,
  coin_pub bytea not null,
  rtransaction_id int8 not null,
  currency text not null,
  amount numeric(24,0) not null,
  reason text not null,
  granted_us int8 not null,
  -- the exchange's confirmation (1038), once the wallet has collected the refund
  exchange_pub bytea,
  exchange_sig bytea,
  constraint refunds_order_coin_transaction_key unique (order_serial, coin_pub, rtransaction_id)
);
`;

const EXCHANGES = `
create table exchange_keys (
  -- the last verified /keys of each trusted exchange, so that a restart does not depend on the exchange being up
  base_url text not null constraint exchange_keys_pkey primary key,
  master_pub bytea not null,
  body text not null,
  fetched_us int8 not null,
  expires_us int8 not null
);
`;
