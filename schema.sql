-- The schema that the migrations make, for reading; written by "npm run generate". Not run by anything:
-- databases are made and changed by src/platform/database/migrations alone. The job queue's own schema is left out.
create sequence migrations_id_seq as integer;
create table accounts (
  serial bigint generated always as identity not null,
  instance_serial bigint not null,
  payto_uri text not null,
  salt bytea not null,
  h_wire bytea not null,
  credit_facade_url text,
  credit_facade_credentials bytea,
  extra_wire_subject_metadata text,
  active boolean not null,
  credentials_encrypted boolean default false not null
);
create table challenges (
  serial bigint generated always as identity not null,
  instance_serial bigint,
  operation text not null,
  secret_hash bytea not null,
  request_hash bytea not null,
  channel text not null,
  address text not null,
  expires_us bigint not null,
  code_hash bytea,
  code_expires_us bigint,
  retransmission_us bigint,
  attempts_left integer default 0 not null,
  solved_us bigint,
  used_us bigint
);
create table deleted_orders (
  instance_serial bigint not null,
  order_id text not null,
  request_hash bytea not null,
  held_until_us bigint not null
);
create table deposit_confirmations (
  serial bigint generated always as identity not null,
  order_serial bigint not null,
  exchange_url text not null,
  exchange_pub bytea not null,
  exchange_sig bytea not null,
  exchange_timestamp_us bigint not null,
  currency text not null,
  total_without_fee numeric(24,0) not null,
  wallet_data_hash bytea,
  received_us bigint not null
);
create table deposits (
  serial bigint generated always as identity not null,
  order_serial bigint not null,
  confirmation_serial bigint not null,
  "position" integer not null,
  exchange_url text not null,
  coin_pub bytea not null,
  coin_sig bytea not null,
  h_denom bytea not null,
  currency text not null,
  contribution numeric(24,0) not null,
  deposit_fee numeric(24,0) not null,
  refund_fee numeric(24,0) not null
);
create table early_tos (
  instance_serial bigint not null,
  exchange_url text not null,
  tos_version text not null,
  accepted_us bigint not null
);
create table exchange_keys (
  base_url text not null,
  master_pub bytea not null,
  body text not null,
  fetched_us bigint not null,
  expires_us bigint not null
);
create table instances (
  serial bigint generated always as identity not null,
  id text not null,
  name text not null,
  email text,
  phone_number text,
  website text,
  logo text,
  address text not null,
  jurisdiction text not null,
  use_stefan boolean not null,
  default_pay_delay_us bigint,
  default_refund_delay_us bigint,
  default_wire_transfer_delay_us bigint,
  default_wire_transfer_rounding_interval text,
  merchant_pub bytea not null,
  private_key bytea,
  key_encrypted boolean not null,
  password_salt bytea,
  password_hash bytea,
  created_us bigint not null,
  deleted_us bigint,
  email_validated boolean default false not null,
  phone_validated boolean default false not null
);
create table kyc_status (
  account_serial bigint not null,
  exchange_url text not null,
  http_status integer not null,
  exchange_code integer,
  access_token text,
  aml_review boolean not null,
  tos_required boolean,
  limits text,
  rule_gen bigint,
  checked_us bigint not null
);
create table login_tokens (
  serial bigint generated always as identity not null,
  instance_serial bigint not null,
  token_hash bytea not null,
  scope text not null,
  refreshable boolean not null,
  description text,
  created_us bigint not null,
  expires_us bigint not null,
  from_password boolean default false not null
);
create table migrations (
  id integer default nextval('migrations_id_seq'::regclass) not null,
  "timestamp" bigint not null,
  name character varying not null
);
create table orders (
  serial bigint generated always as identity not null,
  instance_serial bigint not null,
  order_id text not null,
  request_hash bytea not null,
  claim_token bytea,
  proto_contract text not null,
  summary text not null,
  currency text not null,
  amount numeric(24,0) not null,
  merchant_base_url text not null,
  fulfillment_url text,
  public_reorder_url text,
  session_id text,
  created_us bigint not null,
  pay_deadline_us bigint not null,
  refund_deadline_us bigint not null,
  wire_deadline_us bigint not null,
  h_wire bytea not null,
  nonce text,
  h_contract bytea,
  claimed_us bigint,
  paid_us bigint,
  last_payment_us bigint,
  choice_index integer,
  refund_granted numeric(24,0) default 0 not null,
  refund_obtained numeric(24,0) default 0 not null,
  contract_version smallint default 0 not null
);
create table payment_attempts (
  serial bigint generated always as identity not null,
  order_serial bigint not null,
  coins_hash bytea not null,
  request text not null,
  received_us bigint not null,
  owner bigint,
  owned_until_us bigint not null,
  retry_us bigint not null,
  retries integer default 0 not null
);
create table rate_limits (
  key bytea not null,
  instance_serial bigint,
  attempts integer not null,
  ends_us bigint not null
);
create table refunds (
  serial bigint generated always as identity not null,
  order_serial bigint not null,
  coin_pub bytea not null,
  rtransaction_id bigint not null,
  currency text not null,
  amount numeric(24,0) not null,
  reason text not null,
  granted_us bigint not null,
  exchange_pub bytea,
  exchange_sig bytea,
  failure_status integer,
  failure_code integer,
  failure_reply text,
  obtained_us bigint,
  asked_us bigint,
  asks integer default 0 not null
);
create table returned_contracts (
  instance_serial bigint not null,
  h_contract bytea not null,
  payable_until_us bigint not null
);
alter sequence migrations_id_seq owned by migrations.id;
alter table accounts add constraint accounts_h_wire_check CHECK ((length(h_wire) = 64));
alter table accounts add constraint accounts_instance_h_wire_key UNIQUE (instance_serial, h_wire);
alter table accounts add constraint accounts_instance_payto_key UNIQUE (instance_serial, payto_uri);
alter table accounts add constraint accounts_pkey PRIMARY KEY (serial);
alter table accounts add constraint accounts_salt_check CHECK ((length(salt) = 16));
alter table challenges add constraint challenges_attempts_check CHECK ((attempts_left >= 0));
alter table challenges add constraint challenges_channel_check CHECK ((channel = ANY (ARRAY['sms'::text, 'email'::text])));
alter table challenges add constraint challenges_pkey PRIMARY KEY (serial);
alter table deleted_orders add constraint deleted_orders_pkey PRIMARY KEY (instance_serial, order_id);
alter table deposit_confirmations add constraint deposit_confirmations_pkey PRIMARY KEY (serial);
alter table deposits add constraint deposits_order_coin_key UNIQUE (order_serial, coin_pub);
alter table deposits add constraint deposits_pkey PRIMARY KEY (serial);
alter table early_tos add constraint early_tos_pkey PRIMARY KEY (instance_serial, exchange_url);
alter table exchange_keys add constraint exchange_keys_pkey PRIMARY KEY (base_url);
alter table instances add constraint instances_id_key UNIQUE (id);
alter table instances add constraint instances_merchant_pub_check CHECK ((length(merchant_pub) = 32));
alter table instances add constraint instances_pkey PRIMARY KEY (serial);
alter table kyc_status add constraint kyc_status_pkey PRIMARY KEY (account_serial, exchange_url);
alter table login_tokens add constraint login_tokens_hash_key UNIQUE (token_hash);
alter table login_tokens add constraint login_tokens_pkey PRIMARY KEY (serial);
alter table migrations add constraint "PK_8c82d7f526340ab734260ea46be" PRIMARY KEY (id);
alter table orders add constraint orders_claim_check CHECK ((((h_contract IS NULL) = (nonce IS NULL)) AND ((h_contract IS NULL) = (claimed_us IS NULL))));
alter table orders add constraint orders_claim_token_check CHECK ((length(claim_token) = 16));
alter table orders add constraint orders_contract_version_check CHECK ((contract_version = ANY (ARRAY[0, 1])));
alter table orders add constraint orders_instance_order_key UNIQUE (instance_serial, order_id);
alter table orders add constraint orders_paid_check CHECK (((paid_us IS NULL) OR (h_contract IS NOT NULL)));
alter table orders add constraint orders_pkey PRIMARY KEY (serial);
alter table orders add constraint orders_refund_check CHECK ((refund_obtained <= refund_granted));
alter table payment_attempts add constraint payment_attempts_order_coins_key UNIQUE (order_serial, coins_hash);
alter table payment_attempts add constraint payment_attempts_pkey PRIMARY KEY (serial);
alter table rate_limits add constraint rate_limits_pkey PRIMARY KEY (key);
alter table refunds add constraint refunds_confirmation_check CHECK ((((exchange_sig IS NULL) = (exchange_pub IS NULL)) AND ((exchange_sig IS NULL) = (obtained_us IS NULL))));
alter table refunds add constraint refunds_order_coin_transaction_key UNIQUE (order_serial, coin_pub, rtransaction_id);
alter table refunds add constraint refunds_pkey PRIMARY KEY (serial);
alter table returned_contracts add constraint returned_contracts_pkey PRIMARY KEY (instance_serial, h_contract);
alter table accounts add constraint accounts_instance_fkey FOREIGN KEY (instance_serial) REFERENCES instances(serial) ON DELETE CASCADE;
alter table challenges add constraint challenges_instance_fkey FOREIGN KEY (instance_serial) REFERENCES instances(serial) ON DELETE CASCADE;
alter table deleted_orders add constraint deleted_orders_instance_fkey FOREIGN KEY (instance_serial) REFERENCES instances(serial) ON DELETE CASCADE;
alter table deposit_confirmations add constraint deposit_confirmations_order_fkey FOREIGN KEY (order_serial) REFERENCES orders(serial) ON DELETE CASCADE;
alter table deposits add constraint deposits_confirmation_fkey FOREIGN KEY (confirmation_serial) REFERENCES deposit_confirmations(serial) ON DELETE CASCADE;
alter table deposits add constraint deposits_order_fkey FOREIGN KEY (order_serial) REFERENCES orders(serial) ON DELETE CASCADE;
alter table early_tos add constraint early_tos_instance_fkey FOREIGN KEY (instance_serial) REFERENCES instances(serial) ON DELETE CASCADE;
alter table kyc_status add constraint kyc_status_account_fkey FOREIGN KEY (account_serial) REFERENCES accounts(serial) ON DELETE CASCADE;
alter table login_tokens add constraint login_tokens_instance_fkey FOREIGN KEY (instance_serial) REFERENCES instances(serial) ON DELETE CASCADE;
alter table orders add constraint orders_instance_fkey FOREIGN KEY (instance_serial) REFERENCES instances(serial) ON DELETE CASCADE;
alter table payment_attempts add constraint payment_attempts_order_fkey FOREIGN KEY (order_serial) REFERENCES orders(serial) ON DELETE CASCADE;
alter table rate_limits add constraint rate_limits_instance_fkey FOREIGN KEY (instance_serial) REFERENCES instances(serial) ON DELETE CASCADE;
alter table refunds add constraint refunds_order_fkey FOREIGN KEY (order_serial) REFERENCES orders(serial) ON DELETE CASCADE;
alter table returned_contracts add constraint returned_contracts_instance_fkey FOREIGN KEY (instance_serial) REFERENCES instances(serial) ON DELETE CASCADE;
CREATE INDEX challenges_expiry_idx ON challenges USING btree (expires_us);
CREATE INDEX challenges_instance_idx ON challenges USING btree (instance_serial) WHERE (instance_serial IS NOT NULL);
CREATE INDEX deposit_confirmations_order_idx ON deposit_confirmations USING btree (order_serial);
CREATE INDEX deposits_confirmation_idx ON deposits USING btree (confirmation_serial);
CREATE INDEX login_tokens_expiry_idx ON login_tokens USING btree (expires_us);
CREATE INDEX login_tokens_instance_idx ON login_tokens USING btree (instance_serial, serial);
CREATE INDEX login_tokens_scope_idx ON login_tokens USING btree (instance_serial, scope, expires_us DESC, serial DESC);
CREATE INDEX orders_instance_serial_idx ON orders USING btree (instance_serial, serial);
CREATE INDEX orders_refunded_idx ON orders USING btree (instance_serial, serial) WHERE (refund_granted > (0)::numeric);
CREATE INDEX orders_session_idx ON orders USING btree (instance_serial, hashtextextended(session_id, (0)::bigint), hashtextextended(fulfillment_url, (0)::bigint)) WHERE (session_id IS NOT NULL);
CREATE UNIQUE INDEX payment_attempts_in_flight_key ON payment_attempts USING btree (order_serial) WHERE (owner IS NOT NULL);
CREATE INDEX payment_attempts_retry_idx ON payment_attempts USING btree (retry_us);
CREATE INDEX rate_limits_ends_idx ON rate_limits USING btree (ends_us);
CREATE INDEX rate_limits_instance_idx ON rate_limits USING btree (instance_serial) WHERE (instance_serial IS NOT NULL);
CREATE INDEX refunds_owed_idx ON refunds USING btree (granted_us) WHERE ((rtransaction_id = 0) AND (exchange_sig IS NULL));
