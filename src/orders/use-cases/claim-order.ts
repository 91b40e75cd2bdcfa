import { Injectable } from '@nestjs/common';
import { timingSafeEqual } from 'node:crypto';
import { InstanceKeys } from '../../crypto/instance-keys.service';
import type { Instance } from '../../instances/instance';
import { Clock } from '../../platform/clock';
import { decodeBase32 } from '../../taler/base32';
import { hashContract } from '../../taler/contract-terms';
import { TalerCode } from '../../taler/error-codes';
import type { JsonObject } from '../../taler/json';
import { merchantContract } from '../../taler/signatures-merchant';
import { TalerError } from '../../taler/taler-error';
import { contractTermsText, OrderWithContract } from '../order';
import { OrderEvents } from '../order-events';
import { requireAllowed, stateOf } from '../order-life';
import { OrdersRepository } from '../orders.repository';

export interface ClaimedContract {
  /** JSON text of the contract terms, the nonce included. */
  readonly contractTerms: string;
  /** Over the contract hash (purpose 1101). */
  readonly signature: Buffer;
}

/** `POST orders/$ID/claim` (orders.md 5.1): one wallet gets the signed contract, all others are refused. */
@Injectable()
export class ClaimOrder {
  constructor(
    private readonly orders: OrdersRepository,
    private readonly keys: InstanceKeys,
    private readonly clock: Clock,
    private readonly events: OrderEvents,
  ) {}

  /**
   * @param nonce the wallet's public key in base32, as sent
   * @throws TalerError 2300 when the order is unknown or the claim token wrong (not told apart), 2301 when another
   *   nonce holds it, 61 when our own text has no hash
   */
  async run(
    instance: Instance,
    orderId: string,
    nonce: string,
    token: Buffer | undefined,
  ): Promise<ClaimedContract> {
    const order = await this.orders.findWithContract(instance.serial, orderId);
    if (order?.claim) return this.answerClaimed(instance, order, nonce);
    requireAllowed(stateOf(order, this.clock.nowUs()), 'claim', orderId);
    // A wrong claim token gets the very answer of an unknown order (orders.md 13, mistake 3).
    if (!order || !opens(order.claimToken, token)) throw claimNotFound(orderId);

    const hContract = hashTerms(order, nonce);
    // Signed before the write, so that a claim that is stored can always be answered.
    const answer = await this.sign(instance, order, nonce, hContract);
    if (await this.orders.claim(order, { nonce, hContract }, this.clock.nowUs())) {
      this.events.changed(order);
      return answer;
    }
    const winner = await this.orders.findWithContract(instance.serial, orderId);
    if (!winner) throw claimNotFound(orderId);
    return this.answerClaimed(instance, winner, nonce);
  }

  /** The claim token is not asked for again: a wallet repeats the claim after a lost answer. */
  private async answerClaimed(
    instance: Instance,
    order: OrderWithContract,
    nonce: string,
  ): Promise<ClaimedContract> {
    const { claim, orderId } = order;
    const isHolder = claim !== undefined && isSameNonce(claim.nonce, nonce);
    const state = stateOf(order, this.clock.nowUs());
    requireAllowed(state, isHolder ? 'claim' : 'claim by another wallet', orderId);
    if (!isHolder) {
      // The winner has let go again since: the table would allow a claim, but this one came second.
      throw new TalerError(TalerCode.MERCHANT_POST_ORDERS_ID_CLAIM_ALREADY_CLAIMED, { detail: orderId });
    }
    return this.sign(instance, order, claim.nonce, claim.hContract);
  }

  private async sign(instance: Instance, order: OrderWithContract, nonce: string, hContract: Buffer) {
    const signer = await this.keys.signerOf(instance.serial);
    return {
      contractTerms: contractTermsText(order.protoContract, nonce),
      signature: merchantContract.sign(signer, { hContract }),
    };
  }
}

/** @throws TalerError GENERIC_FAILED_COMPUTE_JSON_HASH when our own text has no hash */
function hashTerms({ orderId, protoContract }: OrderWithContract, nonce: string): Buffer {
  try {
    return hashContract({ ...(JSON.parse(protoContract) as JsonObject), nonce });
  } catch (cause) {
    throw new TalerError(TalerCode.GENERIC_FAILED_COMPUTE_JSON_HASH, { detail: orderId, cause });
  }
}

/** True when the claim token is the order's, or the order has none. */
function opens(expected: Buffer | undefined, given: Buffer | undefined): boolean {
  if (!expected) return true;
  return given !== undefined && timingSafeEqual(expected, given);
}

/** Compared as bytes, never as text (conventions.md 1). */
function isSameNonce(stored: string, given: string): boolean {
  const bytes = decodeBase32(stored, 32);
  const other = decodeBase32(given, 32);
  return bytes !== undefined && other !== undefined && bytes.equals(other);
}

function claimNotFound(orderId: string): TalerError {
  return new TalerError(TalerCode.MERCHANT_POST_ORDERS_ID_CLAIM_NOT_FOUND, { detail: orderId });
}
