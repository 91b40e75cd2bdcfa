import { Injectable } from '@nestjs/common';
import type { Instance } from '../../instances/instance';
import type { Reader } from '../../pages/language';
import { readOffer } from '../../pages/offer';
import type { PageView } from '../../pages/page-view';
import { renderPage, type RenderedPage } from '../../pages/render-page';
import { webUrl } from '../../pages/web-url';
import { Clock } from '../../platform/clock';
import { TalerCode } from '../../taler/error-codes';
import { TalerError } from '../../taler/taler-error';
import { formatRefundUri } from '../../taler/taler-uri';
import { BoughtBefore } from '../bought-before';
import { isPaidIn, OrderWithContract, Payment } from '../order';
import { payUriOf } from '../order-responses';
import { OrdersRepository } from '../orders.repository';
import { invalidToken, judgeAccess } from '../public-access';
import { awaitsMoreThan } from '../refund-wait';
import { parseContract, requireReadable } from '../stored-contract';
import type { PublicStatusQuery } from './get-public-status';

/** What a browser gets: a page, or where to go. */
export type OrderPage =
  | { readonly status: 200 | 402; readonly page: RenderedPage }
  | { readonly status: 302; readonly location: string };

/** Public `GET orders/$ID` as HTML (orders.md 5.7): what people see who open the status URL. It never waits. */
@Injectable()
export class ShowOrderPage {
  constructor(
    private readonly orders: OrdersRepository,
    private readonly boughtBefore: BoughtBefore,
    private readonly clock: Clock,
  ) {}

  /**
   * @throws TalerError 2005, 2009, 2105 as the same request for JSON, but where that is sent on to a URL that no
   *   browser may follow; 26 for a `refund` in another currency; 75, 2008, 2107 when our own text makes no page
   */
  async run(
    instance: Instance,
    orderId: string,
    query: PublicStatusQuery,
    reader: Reader,
  ): Promise<OrderPage> {
    const order = await this.orders.findWithContract(instance.serial, orderId);
    if (!order) throw new TalerError(TalerCode.MERCHANT_GENERIC_ORDER_UNKNOWN, { detail: orderId });
    const reorderUrl = webUrl(order.publicReorderUrl);
    if (judgeAccess(order, query) === 'reorder') {
      if (reorderUrl === undefined) throw invalidToken();
      return { status: 302, location: reorderUrl };
    }
    // A wait means nothing to a page; but what is malformed is malformed in both formats.
    awaitsMoreThan(order, query.refund);
    const { payment } = order;
    if (payment && isPaidIn(order, query.sessionId)) {
      return { status: 200, page: render(order, () => paidView(order, payment, reader)) };
    }
    const boughtBefore = await this.boughtBefore.find(order, query.sessionId, query.allowRefunded);
    const bought = webUrl(boughtBefore?.fulfillmentUrl);
    if (bought !== undefined) return { status: 302, location: bought };
    return {
      status: 402,
      page: render(order, () => this.unpaidView(order, instance.deleted, query.sessionId, reader)),
    };
  }

  private unpaidView(
    order: OrderWithContract,
    isClosed: boolean,
    sessionId: string | undefined,
    reader: Reader,
  ): PageView {
    const { language } = reader;
    const { payDeadline } = order;
    const offer = offerOf(order, reader);
    const now = this.clock.nowUs();
    const isOver = now > payDeadline;
    // A deleted instance hands out no contracts any more, but still takes payments for those it has.
    if (!order.payment && (isOver || (isClosed && !order.claim))) {
      const reorderUrl = webUrl(order.publicReorderUrl);
      return { kind: 'expired', language, offer, ended: isOver ? payDeadline : undefined, reorderUrl };
    }
    const unpaid = order.claim ? 'claimed' : 'open';
    const situation = order.payment ? 'paid-elsewhere' : unpaid;
    const talerUri = payUriOf(order, sessionId);
    return { kind: 'pay', language, offer, talerUri, situation, payDeadline, now };
  }
}

function paidView(order: OrderWithContract, payment: Payment, reader: Reader): PageView {
  const { refundGranted, refundObtained, refundDeadline, created } = order;
  const facts = {
    language: reader.language,
    offer: offerOf(order, reader),
    paid: payment.paid,
    amount: order.amount,
    choiceIndex: payment.choiceIndex,
    refundGranted,
    refundObtained,
    fulfillmentUrl: webUrl(order.fulfillmentUrl),
  };
  if (refundObtained.units < refundGranted.units) {
    const { merchantBaseUrl: baseUrl, orderId } = order;
    return { kind: 'refund', ...facts, talerUri: formatRefundUri({ baseUrl, orderId }) };
  }
  const isRefundable = refundDeadline > created;
  return { kind: 'receipt', ...facts, refundDeadline: isRefundable ? refundDeadline : undefined };
}

function offerOf(order: OrderWithContract, reader: Reader) {
  requireReadable(order);
  return readOffer(parseContract(order), order, reader.accepted);
}

/** @throws TalerError 75 when the row makes no page: a base URL that is none, say */
function render({ orderId }: OrderWithContract, view: () => PageView): RenderedPage {
  try {
    return renderPage(view());
  } catch (cause) {
    if (cause instanceof TalerError) throw cause;
    throw new TalerError(TalerCode.GENERIC_FAILED_TO_EXPAND_TEMPLATE, { detail: orderId, cause });
  }
}
