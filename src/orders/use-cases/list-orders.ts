import { Injectable } from '@nestjs/common';
import { hash } from 'node:crypto';
import type { Instance } from '../../instances/instance';
import { Clock } from '../../platform/clock';
import { orderListTopic } from '../../platform/events/topics';
import { LongPollHub } from '../../platform/long-poll/long-poll.hub';
import { FOREVER } from '../../taler/timestamp';
import type { ListOrdersQuery } from '../dto/list-orders';
import type { Order } from '../order';
import { OrderListRepository } from '../order-list.repository';
import { HistoryEntry, toHistoryEntry } from '../order-responses';

/** `GET private/orders` (orders.md 4.2): a page of the orders, with long polling for the first one that matches. */
@Injectable()
export class ListOrders {
  constructor(
    private readonly orders: OrderListRepository,
    private readonly clock: Clock,
    private readonly hub: LongPollHub,
  ) {}

  /**
   * @param onGone calls back when the client has gone
   * @returns the entries of the page; undefined when the client has gone
   */
  async run(
    instance: Instance,
    query: ListOrdersQuery,
    onGone: (callback: () => void) => void,
  ): Promise<HistoryEntry[] | undefined> {
    // No event can fill a page of no rows.
    if (query.limit === 0) return [];
    return this.hub.wait({
      topic: orderListTopic(instance.serial),
      reads: `list ${nameOf(query)}`,
      timeoutMs: query.timeoutMs,
      onGone,
      load: () => this.load(instance, query),
      judge: (page, last) => {
        if (page.length === 0 && !last) return undefined;
        const nowUs = this.clock.nowUs();
        return page.map((order) => toHistoryEntry(order, nowUs));
      },
    });
  }

  private async load(instance: Instance, query: ListOrdersQuery): Promise<Order[]> {
    // Nothing is wired as long as nobody tracks wires.
    if (query.wired === true) return [];
    const ascending = query.limit > 0;
    const createdFrom = ascending ? this.earliest(query) : 0n;
    return this.orders.list({
      instanceSerial: instance.serial,
      ascending,
      length: Math.abs(query.limit),
      after: query.offset,
      paid: query.paid,
      refunded: query.refunded,
      createdFrom: createdFrom > 0n ? createdFrom : undefined,
      createdUntil: ascending ? undefined : query.date,
      sessionId: query.sessionId,
      fulfillmentUrl: query.fulfillmentUrl,
      summaryPart: query.summaryFilter,
    });
  }

  /** Of `date_s` and `max_age` the later instant wins (orders.md 4.2). */
  private earliest({ date = 0n, maxAge = FOREVER }: ListOrdersQuery): bigint {
    const youngest = maxAge < FOREVER ? this.clock.nowUs() - maxAge : 0n;
    return youngest > date ? youngest : date;
  }
}

/** Who asks the same shares a read, however long they wait. Hashed: the texts in it may be long. */
function nameOf({ timeoutMs: _, ...filters }: ListOrdersQuery): string {
  const text = JSON.stringify(filters, (_name, value: unknown) =>
    typeof value === 'bigint' ? value.toString() : value,
  );
  return hash('sha256', text, 'base64');
}
