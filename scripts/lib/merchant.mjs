import { setTimeout as delay } from 'node:timers/promises';

import { inProject } from './paths.mjs';

export const SERVER_SCRIPT = inProject('dist', 'src', 'main.js');

/** Migrations of a large database come before the first answer. */
const READY_TIMEOUT_MS = 300_000;
const READY_POLL_MS = 20;
const REQUEST_TIMEOUT_MS = 15_000;

/**
 * Waits until GET /readyz answers 200.
 *
 * @param signal aborts the wait, for example because the server ended
 * @throws the reason of the signal, or an Error after READY_TIMEOUT_MS
 */
export async function waitUntilReady(origin, signal) {
  const deadline = Date.now() + READY_TIMEOUT_MS;
  while (Date.now() < deadline) {
    signal.throwIfAborted();
    if (await isReady(origin)) return;
    await delay(READY_POLL_MS);
  }
  throw new Error(`${origin}/readyz does not answer 200.`);
}

async function isReady(origin) {
  try {
    const answer = await fetch(`${origin}/readyz`, { signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS) });
    await answer.arrayBuffer();
    return answer.status === 200;
  } catch {
    return false;
  }
}

/**
 * Makes a new server sell something, over HTTP as any integrator would: the admin instance, an instance "shop"
 * with a bank account of the sandbox, and an access token for it (management.md 2, 4, 5).
 *
 * @param shopToken token of an earlier start, tried first
 * @param passwords { admin, shop } of the two instances
 * @returns the access token of the shop
 * @throws Error that names the request which was refused
 */
export async function setUpShop({ origin, adminToken, shopToken, passwords }) {
  const shop = `${origin}/instances/shop/private`;
  // Adding the same account again changes nothing (management.md 6.2), so it also shows whether all is there.
  if (shopToken !== undefined && isDone(await addAccount(shop, shopToken))) return shopToken;
  await createInstance({
    origin,
    adminToken,
    id: 'admin',
    name: 'Administration',
    password: passwords.admin,
  });
  await createInstance({ origin, adminToken, id: 'shop', name: 'Shop', password: passwords.shop });
  const token = await createToken(shop, passwords.shop);
  expectDone(await addAccount(shop, token));
  return token;
}

async function createInstance({ origin, adminToken, id, name, password }) {
  const auth = { method: 'token', password };
  const body = { id, name, auth, address: {}, jurisdiction: {}, use_stefan: true };
  const url = `${origin}/management/instances`;
  const answer = await request({ method: 'POST', url, authorization: `Bearer ${adminToken}`, body });
  // 409: an earlier start made it, and somebody changed it since. The next request shows whether it is still ours.
  if (answer.status !== 409) expectDone(answer);
}

async function createToken(shop, password) {
  const authorization = `Basic ${Buffer.from(`shop:${password}`).toString('base64')}`;
  const body = { scope: 'write', duration: { d_us: 'forever' }, description: 'evaluation' };
  const answer = await request({ method: 'POST', url: `${shop}/token`, authorization, body });
  expectDone(answer);
  return answer.body.access_token ?? answer.body.token;
}

function addAccount(shop, token) {
  const body = { payto_uri: 'payto://x-taler-bank/localhost/shop?receiver-name=Shop' };
  return request({ method: 'POST', url: `${shop}/accounts`, authorization: `Bearer ${token}`, body });
}

async function request({ method, url, authorization, body }) {
  const answer = await fetch(url, {
    method,
    headers: { authorization, 'content-type': 'application/json' },
    body: JSON.stringify(body),
    redirect: 'error',
    signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS),
  });
  const text = await answer.text();
  return {
    status: answer.status,
    body: isDone(answer) && text !== '' ? JSON.parse(text) : {},
    what: `${method} ${url}`,
    text,
  };
}

const isDone = ({ status }) => status === 200 || status === 204;

function expectDone(answer) {
  if (!isDone(answer)) throw new Error(`${answer.what} answered ${answer.status}: ${answer.text}`);
}
