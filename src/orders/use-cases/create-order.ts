import { Injectable } from '@nestjs/common';
import { randomBytes } from 'node:crypto';
import type { Instance } from '../../instances/instance';
import { Clock } from '../../platform/clock';
import { zeroAmount } from '../../taler/amount';
import { encodeBase32 } from '../../taler/base32';
import { canonicalJson } from '../../taler/canonical-json';
import { TalerCode } from '../../taler/error-codes';
import { findForbiddenString, JsonValue } from '../../taler/json';
import { sha512 } from '../../taler/kdf';
import { TalerError } from '../../taler/taler-error';
import { floorToSecond, Timestamp } from '../../taler/timestamp';
import { buildProtoContract, ContractPrice } from '../contract-builder';
import { decideDeadlines } from '../deadlines';
import { CreateOrderDto } from '../dto/create-order.dto';
import { OrderCommonDto } from '../dto/order.dto';
import { sessionOf } from '../order';
import { OrderDraft, readDraft, requireIssuers } from '../order-draft';
import { OrderEvents } from '../order-events';
import { generateOrderId } from '../order-id';
import { NewOrder, OrderCreationRepository } from '../order-creation.repository';
import { ChoosePaymentTerms, PaymentTerms } from '../payment-terms';

const CLAIM_TOKEN_BYTES = 16;
const SALT_BYTES = 32;
/** Orders whose id we make up are never repeated, so they need no hash to compare with. */
const NO_REQUEST_HASH = Buffer.alloc(0);

export interface CreatedOrder {
  readonly orderId: string;
  readonly claimToken: Buffer | undefined;
  readonly payDeadline: Timestamp;
}

/** `POST private/orders` (orders.md 4.1): completes the shop's draft into a proto contract and stores it. */
@Injectable()
export class CreateOrder {
  constructor(
    private readonly orders: OrderCreationRepository,
    private readonly paymentTerms: ChoosePaymentTerms,
    private readonly clock: Clock,
    private readonly events: OrderEvents,
  ) {}

  /**
   * Checks in the order of orders.md 4.1. The same request with the same `order_id` again changes nothing and is
   * answered alike.
   * @param body the request as it came, for the comparison of repeats
   * @param baseUrl of the instance, as the client sees it
   */
  async run(
    instance: Instance,
    request: CreateOrderDto,
    body: unknown,
    baseUrl: string,
  ): Promise<CreatedOrder> {
    if (request.otp_id !== undefined) {
      throw new TalerError(TalerCode.MERCHANT_GENERIC_OTP_DEVICE_UNKNOWN, { detail: request.otp_id });
    }
    const draft = readDraft(request.order);
    const givenId = draft.order.order_id;
    const requestHash = givenId === undefined ? NO_REQUEST_HASH : hashRequest(body);
    if (givenId !== undefined) {
      const repeated = await this.repeat(instance, givenId, requestHash);
      if (repeated) return repeated;
    }
    const completed = await this.complete(instance, request, draft, baseUrl);
    const isNew = await this.orders.insert(
      { ...completed, requestHash },
      { mayBeHeld: givenId !== undefined },
    );
    if (isNew) {
      this.events.created(instance.serial);
      return answerOf(completed);
    }
    // Somebody else took the id between our look and our insert.
    const winner = await this.repeat(instance, completed.orderId, requestHash);
    if (!winner) throw new TalerError(TalerCode.GENERIC_DB_INVARIANT_FAILURE, { detail: completed.orderId });
    return winner;
  }

  /** The answer of the earlier request with this id, if it was the same (orders.md 4.1, idempotency). */
  private async repeat(
    instance: Instance,
    orderId: string,
    requestHash: Buffer,
  ): Promise<CreatedOrder | undefined> {
    const earlier = await this.orders.findRequest(instance.serial, orderId, this.clock.nowUs());
    if (!earlier) return undefined;
    if (!earlier.requestHash.equals(requestHash)) {
      throw new TalerError(TalerCode.MERCHANT_PRIVATE_POST_ORDERS_ALREADY_EXISTS, { detail: orderId });
    }
    // Who asks again for an order that was deleted wants it back, and the contract a wallet may hold is of this order.
    if (earlier.deleted) return undefined;
    return { orderId, claimToken: earlier.claimToken, payDeadline: earlier.payDeadline };
  }

  private async complete(
    instance: Instance,
    request: CreateOrderDto,
    draft: OrderDraft,
    baseUrl: string,
  ): Promise<Omit<NewOrder, 'requestHash'>> {
    const { order, prices } = draft;
    const now = floorToSecond(this.clock.nowUs());
    const deadlines = decideDeadlines(wishesOf(instance, request, order), now);
    requireIssuers(draft.choices);
    const [product] = request.inventory_products ?? [];
    if (product)
      throw new TalerError(TalerCode.MERCHANT_GENERIC_PRODUCT_UNKNOWN, { detail: product.product_id });
    const terms = await this.paymentTerms.run(instance, {
      amounts: prices.map(({ amount }) => amount),
      paymentTarget: request.payment_target,
      now,
    });
    const orderId = order.order_id ?? generateOrderId(now);
    // Spelt as wallets do, who rebuild it from the taler:// URI (orders.md 9.4).
    const merchantBaseUrl = order.merchant_base_url ? new URL(order.merchant_base_url).href : baseUrl;
    const fulfillmentUrl = order.fulfillment_url?.replace('${ORDER_ID}', () => orderId);
    const protoContract = buildProtoContract({
      posted: draft.posted,
      version: draft.version,
      prices: pricesOf(draft, terms),
      orderId,
      instance,
      account: terms.account,
      exchanges: terms.exchanges,
      deadlines,
      timestamp: order.timestamp ?? now,
      merchantBaseUrl,
      fulfillmentUrl,
      makeSalt: () => encodeBase32(randomBytes(SALT_BYTES)),
    });
    return {
      instanceSerial: instance.serial,
      orderId,
      claimToken: request.create_token === false ? undefined : randomBytes(CLAIM_TOKEN_BYTES),
      protoContract,
      contractVersion: draft.version,
      summary: order.summary,
      // Until a choice is paid the first one stands for the order (orders.md 13 no. 13).
      currency: prices[0].amount.currency,
      amountUnits: prices[0].amount.units,
      merchantBaseUrl,
      fulfillmentUrl,
      publicReorderUrl: order.public_reorder_url,
      sessionId: sessionOf(request.session_id),
      createdUs: now,
      payDeadlineUs: deadlines.payDeadline,
      refundDeadlineUs: deadlines.refundDeadline,
      wireDeadlineUs: deadlines.wireDeadline,
      hWire: terms.account.hWire,
    };
  }
}

function pricesOf({ prices }: OrderDraft, { defaultMaxFees }: PaymentTerms): ContractPrice[] {
  return prices.map((price, index) => ({
    ...price,
    maxFee: price.maxFee ?? defaultMaxFees[index] ?? zeroAmount(price.amount.currency),
  }));
}

function wishesOf(instance: Instance, request: CreateOrderDto, order: OrderCommonDto) {
  return {
    payDeadline: order.pay_deadline,
    refundDeadline: order.refund_deadline,
    wireDeadline: order.wire_transfer_deadline,
    refundDelay: request.refund_delay,
    deliveryDate: order.delivery_date,
    defaults: {
      payDelay: instance.defaultPayDelay,
      refundDelay: instance.defaultRefundDelay,
      wireDelay: instance.defaultWireTransferDelay,
      wireRounding: instance.defaultWireTransferRoundingInterval,
    },
  };
}

/** Hash of the whole body; two spellings of one JSON value are the same request. */
function hashRequest(body: unknown): Buffer {
  return sha512(Buffer.from(spell(body as JsonValue)));
}

/** Canonical where the protocol's canonical form exists; members we ignore may hold numbers it does not know. */
function spell(body: JsonValue): string {
  try {
    if (findForbiddenString(body) === undefined) return canonicalJson(body);
  } catch {
    // falls through to the plain spelling
  }
  return JSON.stringify(body);
}

function answerOf(order: Omit<NewOrder, 'requestHash'>): CreatedOrder {
  return { orderId: order.orderId, claimToken: order.claimToken, payDeadline: order.payDeadlineUs };
}
