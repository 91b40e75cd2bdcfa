import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { makeNonce, unclaimBody } from '../../sandbox/wallet/claim';
import { encodeBase32 } from '../../src/taler/base32';
import type { JsonObject } from '../../src/taler/json';
import { type Reply, type Request, send } from './door';
import { junk, type Merchant, UNKNOWN_SERIAL } from './merchant';
import { type InstanceState, nextInLife, nextOfChallenge } from './model';
import type { Action, HouseAction, OrderAction, OrderSpec, Slot } from './steps';

export type IntrudeAction = Extract<Action, { do: 'intrude' }>;

export interface Party {
  readonly merchant: Merchant;
  readonly state: InstanceState;
}

/** The same request twice: once with what belongs to another instance, once with what belongs to nobody. */
export interface Probe {
  readonly what: string;
  readonly intruder: Request;
  readonly stranger: Request;
  /** What the requests differ in, and the answers may. */
  readonly names?: { readonly intruder: string; readonly stranger: string };
  /** Statuses that are right; the answers must be the same in any case. */
  readonly statuses: readonly number[];
}

/** What has to be there for the action to mean anything, in the order in which it is made. */
export function preparationOf(
  { how, slot }: IntrudeAction,
  by: Party,
  on: Party,
): (OrderAction | HouseAction)[] {
  const ordered = (party: Party, place: Slot): OrderAction[] =>
    party.state.orders.get(place)?.holder ? [] : [nextInLife(party.state, lifeAt(party, place))];
  switch (how) {
    case 'account':
      return on.merchant.hWires.size > 0 || on.state.isValidated
        ? []
        : [{ do: 'add account', at: on.state.id, bank: 0 }];
    case 'token serial':
      return on.merchant.tokens.length > 0 ? [] : [{ do: 'issue token', at: on.state.id, scope: 'readonly' }];
    case 'challenge':
      return on.state.id === 'admin' || on.state.challenge?.isSolved ? [] : [nextOfChallenge(on.state)];
    case 'order id':
      return ordered(on, 'own');
    case 'contract':
      return [...ordered(on, slot), ...ordered(by, slot)];
    case 'bearer':
    case 'management':
    case 'pages':
      return [];
  }
}

function lifeAt({ state }: Party, slot: Slot) {
  const spec: OrderSpec = { isFree: false, withToken: true, session: 's1' };
  return { at: state.id, slot, spec, wallet: 'alice', session: 's1' } as const;
}

/** What the action says; where that cannot be, as with challenges of the admin instance, a private door. */
export function probeOf(action: IntrudeAction, by: Party, on: Party): Probe {
  for (const how of [action.how, 'bearer'] as const) {
    const ways = waysOf({ ...action, how }, by, on).filter((probe) => probe !== undefined);
    const probe = ways[action.way % Math.max(ways.length, 1)];
    if (probe) return probe;
  }
  throw new Error('no way to intrude');
}

/** @returns what was wrong, if anything */
export async function tryIt({ intruder, stranger, names, statuses }: Probe): Promise<string | undefined> {
  const expected = await send(stranger);
  const actual = await send(intruder);
  if (!statuses.includes(actual.status))
    return `answered with ${actual.status}, not ${statuses.join(' or ')}: ${actual.text}`;
  const texts = { stranger: masked(expected, names?.stranger), intruder: masked(actual, names?.intruder) };
  return texts.stranger === texts.intruder
    ? undefined
    : `a stranger gets\n   ${texts.stranger}\n  and the intruder\n   ${texts.intruder}`;
}

/** All of an answer that could tell something. */
function masked({ status, text, headers }: Reply, name: string | undefined): string {
  const { 'x-request-id': id, date: _date, 'content-length': _length, ...rest } = headers;
  const { connection: _connection, 'keep-alive': _keepAlive, ...telling } = rest;
  const body = text.replaceAll(String(id), '(request)');
  // A serial of one digit is no part of a longer number.
  const nameless = name === undefined ? body : body.replace(new RegExp(`\\b${name}\\b`, 'g'), '(name)');
  return `${status} ${nameless} ${JSON.stringify(telling)}`;
}

function waysOf(action: IntrudeAction, by: Party, on: Party): (Probe | undefined)[] {
  switch (action.how) {
    case 'bearer':
      return bearerWays(by, on, action.slot);
    case 'management':
      return managementWays(by, on);
    case 'order id':
      return orderIdWays(by, on);
    case 'contract':
      return contractWays(by, on, action.slot);
    case 'account':
      return accountWays(by, on);
    case 'token serial':
      return tokenWays(by, on);
    case 'challenge':
      return challengeWays(by, on);
    case 'pages':
      return [];
  }
}

const document = JSON.parse(readFileSync(join(__dirname, '../../openapi.json'), 'utf8')) as {
  paths: Record<string, Record<string, unknown>>;
};
const METHODS = ['get', 'post', 'patch', 'delete'];
/** `GET private/orders/{order_id}`, all there are. */
const ROUTES = Object.entries(document.paths).flatMap(([path, item]) =>
  METHODS.filter((method) => item[method]).map((method) => ({
    method: method.toUpperCase(),
    path: path.slice(1),
  })),
);

/** Every private door of the other one, with a token that is good at home. */
function bearerWays(by: Party, on: Party, slot: Slot): Probe[] {
  const tokens = [by.merchant.token, ...by.merchant.tokens.map(({ secret }) => secret)];
  return ROUTES.filter(({ path }) => /^private(\/|$)/.test(path)).map(({ method, path }, index) => {
    const place = path
      .replace('{order_id}', on.merchant.orderId(slot))
      .replace('{h_wire}', [...on.merchant.hWires.values()][0] ?? junk(64))
      .replace('{serial}', String(on.merchant.tokens[0]?.serial ?? UNKNOWN_SERIAL));
    const url = `${on.merchant.url}${place}`;
    const json = method === 'GET' || method === 'DELETE' ? undefined : {};
    return {
      what: `${method} ${path} with a token of ${by.merchant.id}`,
      intruder: { method, url, json, token: tokens[index % tokens.length] },
      stranger: { method, url, json, token: strangerToken() },
      statuses: [401],
    };
  });
}

function strangerToken(): string {
  return `secret-token:${junk(32)}`;
}

/** Only the admin instance manages; whoever else tries learns not even which instances there are. */
function managementWays(by: Party, on: Party): Probe[] {
  if (by.merchant.id === 'admin') return [];
  const { admin } = by.merchant.commons;
  return ROUTES.filter(({ path }) => path.startsWith('management/')).map(({ method, path }) => {
    const url = `${admin.url}${path.replace('{id}', on.merchant.id)}`;
    const json = method === 'GET' || method === 'DELETE' ? undefined : {};
    return {
      what: `${method} ${path} with a token of ${by.merchant.id}`,
      intruder: { method, url, json, token: by.merchant.token },
      stranger: { method, url, json, token: strangerToken() },
      statuses: [401],
    };
  });
}

/** At home, an order that only the other one has, with all that its customer knows of it. */
function orderIdWays(by: Party, on: Party): Probe[] {
  const theirs = on.merchant.orderId('own');
  const nobodys = `${by.merchant.commons.name}-nobody`;
  const held = on.merchant.held.get('own');
  const hash = held ? encodeBase32(held.hContract) : junk(64);
  const claimToken = on.merchant.claimTokens.get('own');
  const { noncePriv, noncePub } = held ? on.merchant.commons.nonceOf('own', held.wallet) : makeNonce();
  const nonce = encodeBase32(noncePub);
  const abort = on.merchant.abortRequest('own', hash).json;
  const unclaim: unknown = JSON.parse(unclaimBody(noncePriv, held?.hContract ?? Buffer.alloc(64, 1)));
  const { token, url } = by.merchant;
  const ways: [method: string, path: string, json: unknown, token: string | undefined][] = [
    ['GET', 'private/orders/ID', undefined, token],
    ['DELETE', 'private/orders/ID?force=yes', undefined, token],
    ['POST', 'private/orders/ID/refund', { refund: 'KUDOS:1', reason: 'intruder' }, token],
    ['PATCH', 'private/orders/ID/forget', { fields: ['$.extra.note'] }, token],
    ['GET', `orders/ID?h_contract=${hash}`, undefined, undefined],
    ['GET', `orders/ID?token=${claimToken ?? junk(16)}`, undefined, undefined],
    ['POST', 'orders/ID/claim', { nonce, token: claimToken }, undefined],
    ['POST', 'orders/ID/unclaim', unclaim, undefined],
    ['POST', 'orders/ID/pay', { coins: held?.permits ?? [] }, undefined],
    ['POST', 'orders/ID/abort', abort, undefined],
    ['POST', 'orders/ID/refund', { h_contract: hash }, undefined],
    // The signature of another merchant, which is none of this one's: 2201 before 2005.
    [
      'POST',
      'orders/ID/paid',
      { sig: held?.receipt ?? junk(64), h_contract: hash, session_id: 's' },
      undefined,
    ],
  ];
  return ways.map(([method, path, json, bearer]) => ({
    what: `${method} ${path} of an order that only ${on.merchant.id} has`,
    intruder: { method, url: `${url}${path.replace('ID', theirs)}`, json, token: bearer },
    stranger: { method, url: `${url}${path.replace('ID', nobodys)}`, json, token: bearer },
    names: { intruder: theirs, stranger: nobodys },
    statuses: path.endsWith('/paid') ? [403] : [404],
  }));
}

/** At the other one's order of the same id, with what a customer of one's own order has. */
function contractWays(by: Party, on: Party, slot: Slot): (Probe | undefined)[] {
  const held = by.merchant.held.get(slot);
  const claimToken = by.merchant.claimTokens.get(slot);
  const there = on.state.orders.get(slot);
  const url = `${on.merchant.url}orders/${on.merchant.orderId(slot)}`;
  const probe = (
    what: string,
    statuses: readonly number[],
    request: (mine: boolean) => Pick<Request, 'method' | 'json'> & { readonly path: string },
  ): Probe => {
    const [intruder, stranger] = [true, false].map((mine) => {
      const { path, ...rest } = request(mine);
      return { ...rest, url: `${url}${path}` };
    });
    if (!intruder || !stranger) throw new Error('no probe');
    return { what: `${what} of ${by.merchant.id}'s order ${slot}`, intruder, stranger, statuses };
  };
  const token = (mine: boolean) => (mine ? claimToken : undefined) ?? junk(16);
  const isGuarded = there === undefined || (there.spec.withToken && there.holder === undefined);
  const nonce = encodeBase32(makeNonce().noncePub);
  const ways: (Probe | undefined)[] = [
    claimToken === undefined
      ? undefined
      : probe('GET orders with the claim token', [403, 404], (mine) => ({
          method: 'GET',
          path: `?token=${token(mine)}`,
        })),
    claimToken === undefined || !isGuarded
      ? undefined
      : probe('POST claim with the claim token', [404], (mine) => ({
          method: 'POST',
          path: '/claim',
          json: { nonce, token: token(mine) },
        })),
  ];
  if (!held) return ways;
  const poll = `${by.merchant.commons.admin.url}public/instances/${on.merchant.id}/poll-payment`;
  const pollOf = (hash: string): Request => ({
    method: 'GET',
    url: `${poll}?order_id=${on.merchant.orderId(slot)}&h_contract=${hash}`,
  });
  ways.push({
    what: `GET public/poll-payment with h_contract of ${by.merchant.id}'s order ${slot}`,
    intruder: pollOf(encodeBase32(held.hContract)),
    stranger: pollOf(junk(64)),
    statuses: [404],
  });
  const hash = (mine: boolean) => (mine ? encodeBase32(held.hContract) : junk(64));
  const { receipt } = held;
  const { noncePriv } = by.merchant.commons.nonceOf(slot, held.wallet);
  const unclaim = (mine: boolean): unknown =>
    JSON.parse(unclaimBody(noncePriv, mine ? held.hContract : Buffer.alloc(64, 2)));
  ways.push(
    // Without a claim token anybody may look at an order that is not claimed: 402 (orders.md 5.7).
    probe(
      'GET orders with h_contract',
      there?.spec.withToken === false ? [402, 403] : [403, 404],
      (mine) => ({
        method: 'GET',
        path: `?h_contract=${hash(mine)}`,
      }),
    ),
    probe('POST refund with h_contract', [403, 404], (mine) => ({
      method: 'POST',
      path: '/refund',
      json: { h_contract: hash(mine) },
    })),
    probe('POST abort with h_contract', [403, 404], (mine) => ({
      method: 'POST',
      path: '/abort',
      json: { ...(by.merchant.abortRequest(slot, '').json as object), h_contract: hash(mine) },
    })),
    // The nonce is the same one as there, where the same wallet has claimed; the contract is not.
    probe('POST unclaim with the nonce', [404], (mine) => ({
      method: 'POST',
      path: '/unclaim',
      json: unclaim(mine),
    })),
    receipt === undefined
      ? undefined
      : probe('POST paid with the receipt', [403], (mine) => ({
          method: 'POST',
          path: '/paid',
          json: { sig: mine ? receipt : junk(64), h_contract: hash(mine), session_id: 's' },
        })),
    held.permits.length === 0 || there?.isPaid
      ? undefined
      : probe('POST pay with the coins', [403, 404], (mine) => ({
          method: 'POST',
          path: '/pay',
          json: { coins: held.permits.map((permit) => (mine ? permit : unsigned(permit))) },
        })),
  );
  return ways;
}

function unsigned(permit: JsonObject): JsonObject {
  return { ...permit, coin_sig: junk(64) };
}

/** At home, the hash of an account of the other one. */
function accountWays(by: Party, on: Party): Probe[] {
  const exchange_url = by.merchant.commons.exchangeUrl;
  const ways: [method: string, path: string, json: unknown][] = [
    ['GET', 'private/accounts/ID', undefined],
    ['PATCH', 'private/accounts/ID', { credit_facade_url: 'https://intruder.example/' }],
    ['DELETE', 'private/accounts/ID', undefined],
    ['POST', 'private/accounts/ID/kycauth', { exchange_url }],
    ['GET', 'private/kyc?h_wire=ID', undefined],
  ];
  const unknown = junk(64);
  return [...on.merchant.hWires.values()].flatMap((hWire) =>
    ways.map(([method, path, json]) => {
      const { url, token } = by.merchant;
      return {
        what: `${method} ${path} of ${on.merchant.id}`,
        intruder: { method, url: `${url}${path.replace('ID', hWire)}`, json, token },
        stranger: { method, url: `${url}${path.replace('ID', unknown)}`, json, token },
        names: { intruder: hWire, stranger: unknown },
        statuses: [404],
      };
    }),
  );
}

function tokenWays(by: Party, on: Party): Probe[] {
  const { url, token } = by.merchant;
  return on.merchant.tokens.map(({ serial }) => ({
    what: `DELETE private/tokens/SERIAL of ${on.merchant.id}`,
    intruder: { method: 'DELETE', url: `${url}private/tokens/${serial}`, token },
    stranger: { method: 'DELETE', url: `${url}private/tokens/${UNKNOWN_SERIAL}`, token },
    names: { intruder: String(serial), stranger: String(UNKNOWN_SERIAL) },
    statuses: [404],
  }));
}

/** At home, a challenge of the other one, with the code that was mailed to it. */
function challengeWays(by: Party, on: Party): (Probe | undefined)[] {
  const { challenge } = on.merchant;
  if (challenge === undefined) return [];
  const unknown = `${UNKNOWN_SERIAL}-${junk(32)}`;
  const { url } = by.merchant;
  const names = { intruder: challenge, stranger: unknown };
  const pair = (path: string, json: unknown): Probe => ({
    what: `POST challenge${path} of ${on.merchant.id}`,
    intruder: { method: 'POST', url: `${url}challenge/${challenge}${path}`, json },
    stranger: { method: 'POST', url: `${url}challenge/${unknown}${path}`, json },
    names,
    statuses: [404],
  });
  return [
    pair('', {}),
    pair('/confirm', { tan: on.merchant.rightCode() }),
    pair('/confirm', { tan: '00000000' }),
    by.merchant.id === 'admin'
      ? undefined
      : {
          what: `POST forgot-password with a challenge of ${on.merchant.id}`,
          intruder: by.merchant.forgotPassword(challenge),
          stranger: by.merchant.forgotPassword(unknown),
          names,
          statuses: [404],
        },
  ];
}
