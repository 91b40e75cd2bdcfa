import { Injectable } from '@nestjs/common';
import type { Instance } from '../../instances/instance';
import { sessionTopic } from '../../platform/events/topics';
import { LongPollHub } from '../../platform/long-poll/long-poll.hub';
import { TalerCode } from '../../taler/error-codes';
import { TalerError } from '../../taler/taler-error';
import { SessionOrder, SessionOrdersRepository } from '../session-orders.repository';

/** What is asked of a browser session. */
export interface SessionQuery {
  readonly sessionId: string;
  readonly fulfillmentUrl: string;
  readonly timeoutMs: number;
}

/** `GET sessions/$ID` (orders.md 5.8): has this browser session bought what is at this URL? */
@Injectable()
export class GetSession {
  constructor(
    private readonly orders: SessionOrdersRepository,
    private readonly hub: LongPollHub,
  ) {}

  /**
   * Waits until it is paid. That there is nothing yet ends no wait either: the payment of an order that was made for no
   * session brings one along. An order that is created ends none, being unpaid.
   * @param onGone calls back when the client has gone
   * @returns undefined when the client has gone
   * @throws TalerError MERCHANT_GENERIC_SESSION_UNKNOWN when there is no order, or only such as were refunded wholly
   */
  async run(
    instance: Instance,
    { sessionId, fulfillmentUrl, timeoutMs }: SessionQuery,
    onGone: (callback: () => void) => void,
  ): Promise<SessionOrder | undefined> {
    return this.hub.wait({
      topic: sessionTopic(instance.serial, sessionId, fulfillmentUrl),
      reads: 'session',
      timeoutMs,
      onGone,
      load: () => this.orders.find(instance.serial, sessionId, fulfillmentUrl),
      judge: (order, last) => {
        if (order?.isPaid !== true && !last) return undefined;
        if (!order) throw new TalerError(TalerCode.MERCHANT_GENERIC_SESSION_UNKNOWN, { detail: sessionId });
        return order;
      },
    });
  }
}
