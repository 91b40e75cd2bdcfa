import { Get, Query, Req, Res } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { Request, Response } from 'express';
import type { Instance } from '../instances/instance';
import { CurrentInstance } from '../instances/instance-scope.guard';
import { InstanceController } from '../platform/http/instance-controller';
import { RequirePermission } from '../platform/http/permission';
import { chooseType } from '../platform/http/negotiate';
import type { RawQuery } from '../platform/http/query';
import { sendJsonText, sendText, whenGone } from '../platform/http/send-json';
import { INSTANCE_ERRORS, Operation, TOKEN_ERRORS } from '../platform/openapi/answers';
import { TalerCode } from '../taler/error-codes';
import { LIST_PARAMETERS, OrderHistory, parseListQuery } from './dto/list-orders';
import { LIST_TYPES, ListType, toCsv, toSpreadsheet } from './list-formats';
import type { HistoryEntry } from './order-responses';
import { ListOrders } from './use-cases/list-orders';

/** `GET private/orders`: the shop's list in several formats (orders.md 4.2). */
@ApiTags('Orders')
@InstanceController('private/orders')
export class OrderListController {
  constructor(private readonly listOrders: ListOrders) {}

  @Get()
  @RequirePermission('orders-read')
  @Operation({
    summary: 'List orders',
    description:
      'A page of the orders, by row id. With timeout_ms an empty page waits for the first order that matches.',
    good: {
      200: {
        description: 'the page, possibly empty; in tables the columns are the members of an entry',
        body: OrderHistory,
        alsoAs: { 'text/csv': { type: 'string' }, 'application/vnd.ms-excel': { type: 'string' } },
        headers: { Vary: 'Accept' },
      },
    },
    errors: [
      ...TOKEN_ERRORS,
      ...INSTANCE_ERRORS,
      TalerCode.GENERIC_REQUESTED_FORMAT_UNSUPPORTED,
      TalerCode.MERCHANT_GENERIC_NO_TYPST_OR_PDFTK,
    ],
    query: LIST_PARAMETERS,
    headers: [{ name: 'Accept', description: LIST_TYPES.join(', ') }],
  })
  async list(
    @CurrentInstance() instance: Instance,
    @Query() query: RawQuery,
    @Req() request: Request,
    @Res() response: Response,
  ): Promise<void> {
    const parsed = parseListQuery(query);
    const type = chooseType(request, LIST_TYPES);
    const entries = await this.listOrders.run(instance, parsed, whenGone(response));
    if (entries) send(response, type, entries);
  }
}

function send(
  response: Response,
  type: Exclude<ListType, 'application/pdf'>,
  orders: readonly HistoryEntry[],
): void {
  response.setHeader('Vary', 'Accept');
  switch (type) {
    case 'application/json':
      return sendJsonText(response, 200, JSON.stringify({ orders }));
    case 'text/csv':
      return sendText(response, 200, 'text/csv; charset=utf-8; header=present', toCsv(orders));
    case 'application/vnd.ms-excel':
      return sendText(response, 200, 'application/vnd.ms-excel; charset=utf-8', toSpreadsheet(orders));
  }
}
