import { decodeBase32, encodeBase32 } from '../../src/taler/base32';
import { hashContract } from '../../src/taler/contract-terms';
import { createSigner, eddsaPublicKey, generateSeed } from '../../src/taler/eddsa';
import { findInexactNumber, isJsonObject, type JsonObject } from '../../src/taler/json';
import { merchantContract } from '../../src/taler/signatures-merchant';
import { orderUnclaim } from '../../src/taler/signatures-wallet';
import { parsePayUri } from '../../src/taler/taler-uri';
import { type Contract, parseContract } from './contract';
import { type HttpAnswer, refusal } from './http-client';
import { orderKey, type PurchaseRecord } from './state';
import type { WalletContext } from './wallet-context';
import { WalletError } from './wallet-error';

/** An order as a pay URI names it. */
export interface OrderAddress {
  /** Base URL of the merchant instance. */
  readonly baseUrl: string;
  readonly orderId: string;
  readonly sessionId: string;
  readonly claimToken: string | undefined;
}

/** A claimed order: a contract that the merchant signed for us and nobody else. */
export interface ClaimedOrder {
  readonly orderKey: string;
  readonly contract: Contract;
  readonly contractTerms: JsonObject;
  readonly hContract: Buffer;
}

/** @throws WalletError `invalid-argument` */
export function parseOrderAddress(payUri: string): OrderAddress {
  const parsed = parsePayUri(payUri);
  if (parsed === undefined) throw new WalletError('invalid-argument', `not a taler://pay/ URI: ${payUri}`);
  const { baseUrl, orderId, sessionId, claimToken } = parsed;
  return { baseUrl, orderId, sessionId, claimToken };
}

/** A fresh claim nonce: a key pair whose private half will sign an unclaim (crypto.md 1). */
export function makeNonce(): { noncePriv: Buffer; noncePub: Buffer } {
  const noncePriv = generateSeed();
  return { noncePriv, noncePub: eddsaPublicKey(noncePriv) };
}

/**
 * POST claim (orders.md 5.1). An order that this wallet has claimed already is given from memory; one whose claim
 * got no answer is claimed with the same nonce again, which the merchant answers alike.
 *
 * @throws WalletError `refused` (status 404 code 2300, 409 code 2301), `bad-signature`, `wrong-contract`,
 * `bad-answer`, or the failure of the transport
 */
export async function claimOrder(context: WalletContext, address: OrderAddress): Promise<ClaimedOrder> {
  const key = orderKey(address);
  const purchase = await claimingPurchase(context, address);
  if (purchase.contractTerms !== undefined) return claimedOrder(key, purchase);

  const url = `${key}/claim`;
  const body = {
    nonce: purchase.noncePub,
    ...(address.claimToken === undefined ? {} : { token: address.claimToken }),
  };
  const answer = await context.http.postRepeatable(url, JSON.stringify(body));
  if (answer.status !== 200) {
    if (purchase.contractTerms === undefined) await release(context, key);
    throw refusal(url, answer);
  }
  const { terms, sig } = parseClaimAnswer(url, answer);
  const hContract = verifyClaim({ terms, sig, address, noncePub: purchase.noncePub });
  purchase.state = 'claimed';
  purchase.contractTerms = terms;
  purchase.contractSig = sig;
  purchase.hContract = encodeBase32(hContract);
  await context.store.save();
  return claimedOrder(key, purchase);
}

/**
 * What a wallet must check before it believes a contract (orders.md 5.1): the merchant signed exactly these
 * terms, and they are for this shop, this order and this wallet.
 *
 * @returns the contract hash, 64 bytes
 * @throws WalletError `bad-answer`, `bad-signature`, `wrong-contract`
 */
export function verifyClaim(claim: {
  terms: JsonObject;
  sig: string;
  address: { baseUrl: string; orderId: string };
  noncePub: string;
}): Buffer {
  const { terms, address } = claim;
  const contract = parseContract(terms);
  const hContract = ownHash(terms);
  const signature = decodeBase32(claim.sig, 64);
  if (signature === undefined) throw new WalletError('bad-answer', 'the claim answer has no signature');
  if (!merchantContract.verify(contract.merchantPub, { hContract }, signature)) {
    throw new WalletError(
      'bad-signature',
      `order ${address.orderId}: the contract is not signed by the merchant`,
    );
  }
  if (contract.merchantBaseUrl !== address.baseUrl) {
    throw new WalletError(
      'wrong-contract',
      `order ${address.orderId}: merchant_base_url is ${contract.merchantBaseUrl}, the pay URI says ${address.baseUrl}`,
    );
  }
  if (contract.orderId !== address.orderId) {
    throw new WalletError(
      'wrong-contract',
      `order_id is ${contract.orderId}, asked for was ${address.orderId}`,
    );
  }
  if (!decodeBase32(claim.noncePub, 32)?.equals(contract.nonce)) {
    throw new WalletError('wrong-contract', `order ${address.orderId}: the nonce is not ours`);
  }
  return hContract;
}

/**
 * POST unclaim (orders.md 5.2): gives the order free for other wallets. A 404 counts as done: it is the answer to
 * a repetition, too.
 *
 * @param force also if a payment has been sent that was not answered; its coins are taken for unspent then
 * @throws WalletError `unknown-order`, `not-claimed`, `payment-started`, `refused`, or the transport's failure
 */
export async function unclaimOrder(
  context: WalletContext,
  key: string,
  force: boolean,
): Promise<'released' | 'was-released'> {
  const purchase = findPurchase(context, key);
  if (purchase.state === 'released') return 'was-released';
  const noncePriv = decodeBase32(purchase.noncePriv, 32);
  if (purchase.hContract === undefined) throw new WalletError('not-claimed', `${key} has not been claimed`);
  if (purchase.receipt !== undefined) throw new WalletError('payment-started', `${key} is paid`);
  if (purchase.state === 'aborting' && !force) throw abortUnfinished(key);
  if (purchase.payment?.sent === true && !force) {
    throw new WalletError('payment-started', `${key}: a payment has been sent; its outcome is not known`);
  }
  const hContract = decodeBase32(purchase.hContract, 64);
  if (noncePriv === undefined || hContract === undefined) throw new WalletError('state-damaged', key);

  const url = `${key}/unclaim`;
  const answer = await context.http.postRepeatable(url, unclaimBody(noncePriv, hContract));
  if (answer.status !== 204 && answer.status !== 404) throw refusal(url, answer);
  await release(context, key);
  return answer.status === 204 ? 'released' : 'was-released';
}

/** The body of POST unclaim as JSON text. */
export function unclaimBody(noncePriv: Buffer, hContract: Buffer): string {
  const signer = createSigner(noncePriv);
  return JSON.stringify({
    unclaim_sig: encodeBase32(orderUnclaim.sign(signer, { hContract })),
    nonce: encodeBase32(signer.publicKey),
    h_contract: encodeBase32(hContract),
  });
}

/** @throws WalletError `unknown-order` */
export function findPurchase(context: WalletContext, key: string): PurchaseRecord {
  const purchase = context.store.state.purchases[key];
  if (purchase === undefined) throw new WalletError('unknown-order', `this wallet does not know ${key}`);
  return purchase;
}

/** @throws WalletError `unknown-order`, `not-claimed` */
export function findClaimed(context: WalletContext, key: string): ClaimedOrder {
  return claimedOrder(key, findPurchase(context, key));
}

/** What cannot be done before an abort has come to its end. */
export function abortUnfinished(key: string): WalletError {
  return new WalletError('payment-started', `${key}: its payment is being aborted; abort it again`);
}

/** Takes back what was set aside of the coins for an order. */
export function releaseCoins(context: WalletContext, key: string): void {
  for (const coin of Object.values(context.store.state.coins)) delete coin.spends[key];
}

async function claimingPurchase(context: WalletContext, address: OrderAddress): Promise<PurchaseRecord> {
  const { purchases } = context.store.state;
  const key = orderKey(address);
  const known = purchases[key];
  if (known !== undefined && known.state !== 'released') return known;
  const { noncePriv, noncePub } = makeNonce();
  const purchase: PurchaseRecord = {
    merchantBaseUrl: address.baseUrl,
    orderId: address.orderId,
    ...(address.claimToken === undefined ? {} : { claimToken: address.claimToken }),
    noncePriv: encodeBase32(noncePriv),
    noncePub: encodeBase32(noncePub),
    createdMs: context.nowMs(),
    state: 'claiming',
  };
  purchases[key] = purchase;
  // Stored before it is used: without its nonce a claimed order could neither be paid nor released.
  await context.store.save();
  return purchase;
}

// The record stays for the history, but the next claim starts with a fresh nonce.
async function release(context: WalletContext, key: string): Promise<void> {
  const purchase = findPurchase(context, key);
  releaseCoins(context, key);
  delete purchase.payment;
  delete purchase.abortedCoins;
  delete purchase.contractTerms;
  delete purchase.contractSig;
  delete purchase.hContract;
  purchase.state = 'released';
  await context.store.save();
}

function claimedOrder(key: string, purchase: PurchaseRecord): ClaimedOrder {
  const { contractTerms, hContract: hashText } = purchase;
  if (contractTerms === undefined || hashText === undefined) {
    throw new WalletError('not-claimed', `${key} has not been claimed`);
  }
  const hContract = decodeBase32(hashText, 64);
  if (hContract === undefined) throw new WalletError('state-damaged', key);
  return { orderKey: key, contract: parseContract(contractTerms), contractTerms, hContract };
}

function parseClaimAnswer(url: string, answer: HttpAnswer): { terms: JsonObject; sig: string } {
  const body = answer.body;
  const terms = isJsonObject(body) ? body['contract_terms'] : undefined;
  const sig = isJsonObject(body) ? body['sig'] : undefined;
  if (!isJsonObject(terms) || typeof sig !== 'string')
    throw new WalletError('bad-answer', `${url}: no contract`);
  // Such a number has no hash (conventions.md 4), and after parsing it may look like a harmless one.
  const inexact = findInexactNumber(answer.text);
  if (inexact !== undefined)
    throw new WalletError('bad-answer', `${url}: contract with the number ${inexact}`);
  return { terms, sig };
}

function ownHash(terms: JsonObject): Buffer {
  try {
    return hashContract(terms);
  } catch (cause) {
    throw new WalletError('bad-answer', 'the contract terms cannot be hashed', { cause });
  }
}
