import { isDeepStrictEqual } from 'node:util';
import type { Pool } from 'pg';
import { encodeBase32 } from '../../src/taler/base32';
import { nameOf, type Reply, send } from './door';
import type { Merchant } from './merchant';
import { boughtIn, type InstanceState, ordersOf } from './model';
import { type Bank, type InstanceId, INSTANCES, type Session, SESSIONS, type Slot, SLOTS } from './steps';

/** One thing that can be seen of an instance, brought to the same form on both sides. */
export interface Sight {
  readonly what: string;
  readonly seen: unknown;
  readonly expected: unknown;
}

/** Where to look after a step. */
export interface Focus {
  readonly slot: Slot;
  readonly session: Session;
  /** Of bystanders, whose rows are compared besides, a part is looked at in turn; undefined: all. */
  readonly turn: number | undefined;
}

/**
 * Everything that the instance shows to its own people and customers, beside what its own model has of it.
 * @param focus undefined: whatever there is
 */
export async function look(merchant: Merchant, state: InstanceState, focus?: Focus): Promise<Sight[]> {
  const sights = await Promise.all(focus ? seePart(merchant, state, focus) : seeAll(merchant, state));
  return sights.map((sight) => ({ ...sight, what: `${sight.what} of ${merchant.id}` }));
}

function seePart(merchant: Merchant, state: InstanceState, { slot, session, turn }: Focus): Promise<Sight>[] {
  const others = [
    () => seePublic(merchant, state, slot),
    () => seeSession(merchant, state, session),
    () => seeBoughtBefore(merchant, state, slot, session),
    () => seeAccounts(merchant, state),
    () => seeTokens(merchant, state),
    () => seeInstance(merchant, state),
    () => seeList(merchant, state),
  ];
  const chosen = others.filter((_, index) => turn === undefined || index === turn % others.length);
  return [seePrivate(merchant, state, slot), ...chosen.map((see) => see())];
}

function seeAll(merchant: Merchant, state: InstanceState): Promise<Sight>[] {
  return [
    seeList(merchant, state),
    seeAccounts(merchant, state),
    seeTokens(merchant, state),
    seeInstance(merchant, state),
    seeKyc(merchant, state),
    ...SLOTS.flatMap((slot) => [seePrivate(merchant, state, slot), seePublic(merchant, state, slot)]),
    ...SESSIONS.flatMap((session) => [
      seeSession(merchant, state, session),
      seeBoughtBefore(merchant, state, 'A', session),
    ]),
    ...[...merchant.hWires].map((one) => seeAccount(merchant, state, one)),
  ];
}

export function isAsExpected({ seen, expected }: Sight): boolean {
  return isDeepStrictEqual(plain(seen), plain(expected));
}

/** Undefined members and absent ones are the same. */
function plain(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value ?? null));
}

/** Orders of histories before this one are there, too. */
export function listed(merchant: Merchant, reply: Reply): string[] {
  const orders = (reply.body?.orders ?? []) as { order_id: string }[];
  return orders.map(({ order_id }) => order_id).filter((id) => id.startsWith(merchant.commons.name));
}

async function seeList(merchant: Merchant, state: InstanceState): Promise<Sight> {
  const { status, body } = await merchant.ask('GET', `private/orders?limit=-${SLOTS.length + 1}`);
  const seen = ((body?.orders ?? []) as Record<string, unknown>[])
    .filter(({ order_id }) => String(order_id).startsWith(merchant.commons.name))
    .map(({ order_id, paid, amount, refund_amount, summary }) => ({
      order_id,
      paid,
      amount,
      refund_amount,
      summary,
    }));
  const expected = ordersOf(state).map(({ slot, order }) => ({
    order_id: merchant.orderId(slot),
    paid: order.isPaid,
    amount: order.spec.isFree ? 'KUDOS:0' : 'KUDOS:2',
    refund_amount: order.isRefunded ? 'KUDOS:2' : undefined,
    summary: `Order ${slot}`,
  }));
  return { what: 'list', seen: { status, orders: seen }, expected: { status: 200, orders: expected } };
}

async function seePrivate(merchant: Merchant, state: InstanceState, slot: Slot): Promise<Sight> {
  const reply = await merchant.ask('GET', `private/orders/${merchant.orderId(slot)}`);
  const order = state.orders.get(slot);
  const { body } = reply;
  const seen = {
    answer: nameOf(reply),
    status: body?.order_status as unknown,
    pub: body?.contract_terms?.merchant_pub as unknown,
    nonce: body?.contract_terms?.nonce as unknown,
    refund: body?.refund_amount as unknown,
    pending: body?.refund_pending as unknown,
  };
  if (!order) return { what: `private status ${slot}`, seen: nameOf(reply), expected: '404 2005' };
  const { holder, isPaid, isRefunded, isCollected } = order;
  const expected = {
    answer: '200',
    status: isPaid ? 'paid' : holder ? 'claimed' : 'unpaid',
    pub: holder ? merchantPub(merchant, slot) : undefined,
    nonce: holder && encodeBase32(merchant.commons.nonceOf(slot, holder).noncePub),
    refund: isPaid ? (isRefunded ? 'KUDOS:2' : 'KUDOS:0') : undefined,
    pending: isPaid ? isRefunded && !isCollected : undefined,
  };
  return { what: `private status ${slot}`, seen, expected };
}

function merchantPub(merchant: Merchant, slot: Slot): string | undefined {
  const held = merchant.held.get(slot);
  return held && encodeBase32(held.contract.merchantPub);
}

/** With the best credential that a customer of this instance has. */
export function publicQuery(merchant: Merchant, state: InstanceState, slot: Slot): string {
  const held = merchant.held.get(slot);
  const token = merchant.claimTokens.get(slot);
  if (held && state.orders.get(slot)?.holder) return `h_contract=${encodeBase32(held.hContract)}`;
  return token === undefined ? '' : `token=${token}`;
}

async function seePublic(merchant: Merchant, state: InstanceState, slot: Slot): Promise<Sight> {
  const path = `orders/${merchant.orderId(slot)}?${publicQuery(merchant, state, slot)}`;
  const reply = await merchant.askPublicly('GET', path);
  const order = state.orders.get(slot);
  const expected = !order ? '404 2005' : order.isPaid ? '200' : '402';
  return { what: `public status ${slot}`, seen: nameOf(reply), expected };
}

async function seeSession(merchant: Merchant, state: InstanceState, session: Session): Promise<Sight> {
  const url = encodeURIComponent(merchant.fulfillmentUrl);
  const reply = await merchant.askPublicly(
    'GET',
    `sessions/${merchant.sessionId(session)}?fulfillment_url=${url}`,
  );
  const bought = boughtIn(state, session);
  return {
    what: `session ${session}`,
    seen: [nameOf(reply), reply.body?.order_id],
    expected: bought
      ? [bought.order.isPaid ? '200' : '202', merchant.orderId(bought.slot)]
      : ['404 2038', undefined],
  };
}

/** Of an order that is not paid in the session: another one for the same thing that is (orders.md 7.4). */
async function seeBoughtBefore(
  merchant: Merchant,
  state: InstanceState,
  slot: Slot,
  session: Session,
): Promise<Sight> {
  const query = `session_id=${merchant.sessionId(session)}`;
  const { body } = await merchant.ask('GET', `private/orders/${merchant.orderId(slot)}?${query}`);
  const inSession = ordersOf(state).filter(({ order }) => order.isPaid && order.session === session);
  const own = inSession.filter(({ order }) => !order.isRefunded).map((one) => merchant.orderId(one.slot));
  const isDue = state.orders.has(slot) && inSession.every((one) => one.slot !== slot) && own.length > 0;
  const told = body?.already_paid_order_id as string | undefined;
  return {
    what: `what was bought before ${slot} in session ${session}`,
    seen: told !== undefined && own.includes(told) ? 'one of its own' : (told ?? 'nothing'),
    expected: isDue ? 'one of its own' : 'nothing',
  };
}

/** The account that it began with, and those that it added. */
async function seeAccounts(merchant: Merchant, state: InstanceState): Promise<Sight> {
  const { body } = await merchant.ask('GET', 'private/accounts');
  const seen = ((body?.accounts ?? []) as { h_wire: string; payto_uri: string; active: boolean }[])
    .slice(1)
    .map(({ h_wire, payto_uri, active }) => `${payto_uri} ${h_wire} ${active}`)
    .sort();
  const expected = [...state.accounts]
    .map(([bank, { isActive }]) => `${merchant.payto(bank)} ${merchant.hWires.get(bank)} ${isActive}`)
    .sort();
  return { what: 'accounts', seen, expected };
}

async function seeAccount(
  merchant: Merchant,
  state: InstanceState,
  [bank, hWire]: readonly [Bank, string],
): Promise<Sight> {
  const { body } = await merchant.ask('GET', `private/accounts/${hWire}`);
  const { isActive = undefined, facade = undefined } = state.accounts.get(bank) ?? {};
  return {
    what: `account ${bank}`,
    seen: [body?.active, body?.credit_facade_url],
    expected: [isActive, facade === undefined ? undefined : `https://bank.example/${facade}/`],
  };
}

async function seeTokens(merchant: Merchant, state: InstanceState): Promise<Sight> {
  const { body } = await merchant.ask('GET', 'private/tokens?limit=20');
  const seen = ((body?.tokens ?? []) as { serial: number; scope: string; description?: string }[])
    .slice(1)
    .map(({ serial, scope, description }) => `${serial} ${scope} ${description}`);
  const expected = state.tokens.map(({ serial, scope }) => `${serial} ${scope} of ${merchant.id}`);
  return { what: 'tokens', seen, expected };
}

async function seeInstance(merchant: Merchant, state: InstanceState): Promise<Sight> {
  const { body } = await merchant.ask('GET', 'private');
  const configuration = merchant.configuration(state.number);
  const seen = Object.fromEntries(
    [...Object.keys(configuration), 'email_validated'].map((name) => [name, body?.[name] as unknown]),
  );
  return { what: 'instance', seen, expected: { ...configuration, email_validated: state.isValidated } };
}

async function seeKyc(merchant: Merchant, state: InstanceState): Promise<Sight> {
  const { body } = await merchant.ask('GET', 'private/kyc');
  const entries = (body?.kyc_data ?? []) as { payto_uri: string; tos_accepted_early?: string }[];
  const seen = entries.slice(1).map(({ payto_uri, tos_accepted_early: tos }) => `${payto_uri} ${tos}`);
  const expected = [...state.accounts]
    .filter(([, { isActive }]) => isActive)
    .map(([bank]) => `${merchant.payto(bank)} ${state.hasAcceptedTerms ? 'v1' : undefined}`);
  return { what: 'kyc', seen: seen.sort(), expected: expected.sort() };
}

/** What the manager sees of all instances. */
export async function lookFromAbove(
  merchants: readonly Merchant[],
  states: ReadonlyMap<InstanceId, InstanceState>,
  hasGuest: boolean,
): Promise<Sight> {
  const { url, token } = merchants[0]?.commons.admin ?? { url: '', token: '' };
  const { body } = await send({ method: 'GET', url: `${url}management/instances`, token });
  const seen = ((body?.instances ?? []) as { id: string; name: string }[])
    .map(({ id, name }) => `${id}: ${name}`)
    .sort();
  const expected = merchants.map((one) => `${one.id}: ${one.nameWith(states.get(one.id)?.number ?? 0)}`);
  if (hasGuest) expected.push('guest: Guest');
  return { what: 'list of instances', seen, expected: expected.sort() };
}

/** Fingerprints of the rows of an instance, table by table. */
export type Rows = Readonly<Record<string, string>>;

const OF_INSTANCE = [
  'accounts',
  'login_tokens',
  'challenges',
  'early_tos',
  'deleted_orders',
  'returned_contracts',
];
const OF_ORDER = ['deposits', 'deposit_confirmations', 'refunds', 'payment_attempts'];

/** Of orders only those behind $1, which belong to the history; of the others how many there are. */
const FINGERPRINTS = [
  `select instances.id, md5(instances::text) as instances,
    (select count(*)::text from orders where instance_serial = instances.serial) as orders_count,
    (select md5(string_agg(t::text, '' order by t.serial)) from orders t
      where t.instance_serial = instances.serial and t.serial > $1) as orders`,
  ...OF_INSTANCE.map(
    (table) => `(select md5(string_agg(t::text, '' order by t::text)) from ${table} t
      where t.instance_serial = instances.serial) as ${table}`,
  ),
  ...OF_ORDER.map(
    (table) => `(select md5(string_agg(t::text, '' order by t::text)) from ${table} t
      join orders on orders.serial = t.order_serial
      where orders.instance_serial = instances.serial and orders.serial > $1) as ${table}`,
  ),
].join(', ');

/** What the tables have of each instance, also what no endpoint shows. */
export async function lookBeneath(database: Pool, behind: string): Promise<ReadonlyMap<InstanceId, Rows>> {
  const { rows } = await database.query<Record<string, string>>({
    name: 'fingerprints',
    text: `${FINGERPRINTS} from instances where id = any($2)`,
    values: [behind, INSTANCES],
  });
  return new Map(rows.map(({ id, ...tables }) => [id as InstanceId, tables]));
}
