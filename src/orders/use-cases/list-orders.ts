import { Injectable } from '@nestjs/common';
import type { Instance } from '../../instances/instance';
import { Clock } from '../../platform/clock';
import { FOREVER } from '../../taler/timestamp';
import type { ListOrdersQuery } from '../dto/list-orders';
import { OrderListRepository } from '../order-list.repository';
import { toHistoryEntry } from '../order-responses';

/** `GET private/orders` (orders.md 4.2): a page of the orders. */
@Injectable()
export class ListOrders {
  constructor(
    private readonly orders: OrderListRepository,
    private readonly clock: Clock,
  ) {}

  /** @returns the entries of the page */
  async run(instance: Instance, query: ListOrdersQuery): Promise<object[]> {
    // Nothing is wired as long as nobody tracks wires.
    if (query.wired === true) return [];
    const nowUs = this.clock.nowUs();
    const ascending = query.limit > 0;
    const youngest =
      ascending && query.maxAge !== undefined && query.maxAge < FOREVER ? nowUs - query.maxAge : 0n;
    const from = ascending ? (query.date ?? 0n) : 0n;
    const createdFrom = youngest > from ? youngest : from;
    const page = await this.orders.list({
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
    return page.map((order) => toHistoryEntry(order, nowUs));
  }
}
