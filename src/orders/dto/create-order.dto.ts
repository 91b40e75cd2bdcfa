import { ApiExtraModels, getSchemaPath } from '@nestjs/swagger';
import { field } from '../../platform/http/field';
import {
  Base32Field,
  BoolField,
  IntField,
  ListField,
  RelativeTimeField,
  TextField,
  TextListField,
  TimestampField,
} from '../../platform/http/fields';
import type { JsonObject } from '../../taler/json';
import { isJsonObject } from '../../taler/json';
import type { RelativeTime } from '../../taler/timestamp';
import { OrderDto, OrderWithChoicesDto, PRODUCTS_MAX } from './order.dto';
import { SESSION_LENGTH_MAX } from '../order';

const NAME_LENGTH_MAX = 1024;
const LOCKS_MAX = 1024;

/** The order as it came. Its members are checked by its version (`readDraft`), its JSON becomes the contract. */
const OrderField = () =>
  field(
    {
      parse: (wire) => (isJsonObject(wire) ? wire : undefined),
      expects: 'a JSON object',
      schema: { oneOf: [OrderDto, OrderWithChoicesDto].map((dto) => ({ $ref: getSchemaPath(dto) })) },
    },
    { description: 'the draft contract' },
  );

/** A product of the inventory to be sold with the order (orders.md 9.6). */
export class MinimalInventoryProductDto {
  @TextField({ lengthMax: NAME_LENGTH_MAX })
  product_id!: string;
  @IntField({ optional: true })
  quantity?: number;
  @TextField({ optional: true, pattern: /^\d{1,16}(\.\d{1,6})?$/, expects: 'a decimal number' })
  unit_quantity?: string;
  @IntField({ optional: true })
  product_money_pot?: number;
}

/** PostOrderRequest (orders.md 4.1). */
@ApiExtraModels(OrderDto, OrderWithChoicesDto)
export class CreateOrderDto {
  @OrderField()
  order!: JsonObject;
  @RelativeTimeField({ optional: true, description: 'counted from the pay deadline; zero: no refunds' })
  refund_delay?: RelativeTime;
  @TextField({ optional: true, lengthMax: 64, description: 'wire method to use, such as "iban"' })
  payment_target?: string;
  @TextField({
    optional: true,
    lengthMax: SESSION_LENGTH_MAX,
    description: 'browser session the order belongs to',
  })
  session_id?: string;
  @ListField(() => MinimalInventoryProductDto, { optional: true, lengthMax: PRODUCTS_MAX })
  inventory_products?: MinimalInventoryProductDto[];
  @TextListField({ optional: true, lengthMax: LOCKS_MAX, textLengthMax: 128 })
  lock_uuids?: string[];
  @BoolField({
    optional: true,
    description: 'default true: only who has the claim token may claim the order',
  })
  create_token?: boolean;
  @TextField({ optional: true, lengthMax: NAME_LENGTH_MAX })
  otp_id?: string;
}

/** PostOrderResponse (orders.md 4.1). */
export class PostOrderResponse {
  @TextField({ lengthMax: 128, example: '2026.324-03G33PTAY2C6T' })
  order_id!: string;
  @Base32Field(16, { optional: true, description: 'claim token' })
  token?: string;
  @TimestampField()
  pay_deadline!: object;
}
