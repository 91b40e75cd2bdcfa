import {
  AmountField,
  Base32Field,
  BoolField,
  I18nField,
  IntField,
  JsonField,
  ListField,
  ObjectField,
  RelativeTimeField,
  TextField,
  TextListField,
  TimestampField,
} from '../../platform/http/fields';
import { LocationDto } from '../../platform/http/location.dto';
import { isImageDataUrl } from '../../platform/http/urls';
import type { Amount } from '../../taler/amount';
import type { JsonObject } from '../../taler/json';
import { isOrderId } from '../../taler/ids';
import type { RelativeTime, Timestamp } from '../../taler/timestamp';

const SUMMARY_LENGTH_MAX = 4096;
const URL_LENGTH_MAX = 4096;
const NAME_LENGTH_MAX = 1024;
const IMAGE_LENGTH_MAX = 1024 * 1024;
const PRODUCTS_MAX = 1024;
const TAXES_MAX = 64;
const LOCKS_MAX = 1024;
const AGE_MAX = 150;

/** A tax on a product line. */
export class TaxDto {
  @TextField({ lengthMax: NAME_LENGTH_MAX })
  name!: string;
  @AmountField()
  tax!: Amount;
}

/** A product line (orders.md 8.5); prices are not added up. */
export class ProductSoldDto {
  @TextField({ optional: true, lengthMax: NAME_LENGTH_MAX })
  product_id?: string;
  @TextField({ optional: true, lengthMax: NAME_LENGTH_MAX })
  product_name?: string;
  @TextField({ lengthMax: SUMMARY_LENGTH_MAX })
  description!: string;
  @I18nField({ optional: true })
  description_i18n?: JsonObject;
  @IntField({ optional: true })
  quantity?: number;
  @TextField({ optional: true, pattern: /^\d{1,16}(\.\d{1,6})?$/, expects: 'a decimal number' })
  unit_quantity?: string;
  @TextField({ optional: true, lengthMax: NAME_LENGTH_MAX })
  unit?: string;
  @AmountField({ optional: true })
  price?: Amount;
  @TextField({
    optional: true,
    lengthMax: IMAGE_LENGTH_MAX,
    accepts: (text) => text === '' || isImageDataUrl(text),
    expects: 'a data: URL of an image',
  })
  image?: string;
  @ListField(() => TaxDto, { optional: true, lengthMax: TAXES_MAX })
  taxes?: TaxDto[];
  @TimestampField({ optional: true })
  delivery_date?: Timestamp;
  @IntField({ optional: true })
  product_money_pot?: number;
}

/** Order, version 0 (orders.md 4.1). Checked only: the contract is made of the JSON itself. */
export class OrderDto {
  @IntField({ optional: true, maximum: 1, description: '0; contracts with choices (1) are not offered yet' })
  version?: number;
  @AmountField({ description: 'total price, taxes and shipping included; zero is legal' })
  amount!: Amount;
  @AmountField({ optional: true, description: 'part of the amount that is a tip' })
  tip?: Amount;
  @AmountField({ optional: true, description: 'deposit fees the merchant takes upon itself' })
  max_fee?: Amount;
  @TextField({ lengthMax: SUMMARY_LENGTH_MAX, example: 'Article 42' })
  summary!: string;
  @I18nField({ optional: true })
  summary_i18n?: JsonObject;
  @TextField({
    optional: true,
    accepts: isOrderId,
    lengthMax: 128,
    expects: '1 to 128 letters, digits, ".", "_", ":", "-"',
  })
  order_id?: string;
  @TextField({ optional: true, lengthMax: URL_LENGTH_MAX })
  public_reorder_url?: string;
  @TextField({
    optional: true,
    lengthMax: URL_LENGTH_MAX,
    description: '"${ORDER_ID}" inside is replaced by the order id, once',
    accepts: (text) => text.split('${ORDER_ID}').length <= 2,
    expects: 'a URL with at most one ${ORDER_ID}',
  })
  fulfillment_url?: string;
  @TextField({ optional: true })
  fulfillment_message?: string;
  @I18nField({ optional: true })
  fulfillment_message_i18n?: JsonObject;
  @IntField({ optional: true, maximum: AGE_MAX, description: 'years' })
  minimum_age?: number;
  @ListField(() => ProductSoldDto, { optional: true, lengthMax: PRODUCTS_MAX })
  products?: ProductSoldDto[];
  @TimestampField({ optional: true })
  timestamp?: Timestamp;
  @TimestampField({ optional: true, description: 'zero: no refunds' })
  refund_deadline?: Timestamp;
  @TimestampField({ optional: true })
  pay_deadline?: Timestamp;
  @TimestampField({ optional: true })
  wire_transfer_deadline?: Timestamp;
  @TextField({
    optional: true,
    lengthMax: URL_LENGTH_MAX,
    accepts: isBaseUrl,
    expects: 'an absolute http(s) URL that ends in "/"',
  })
  merchant_base_url?: string;
  @ObjectField(() => LocationDto, { optional: true })
  delivery_location?: LocationDto;
  @TimestampField({ optional: true })
  delivery_date?: Timestamp;
  @RelativeTimeField({ optional: true, description: 'the wallet asks for refunds this long after paying' })
  auto_refund?: RelativeTime;
  @JsonField({ optional: true, description: 'opaque for the backend' })
  extra?: JsonObject;
  @IntField({ optional: true })
  order_default_money_pot?: number;
}

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
export class CreateOrderDto {
  @JsonField({ shape: () => OrderDto, description: 'the draft contract' })
  order!: JsonObject;
  @RelativeTimeField({ optional: true, description: 'counted from the pay deadline; zero: no refunds' })
  refund_delay?: RelativeTime;
  @TextField({ optional: true, lengthMax: 64, description: 'wire method to use, such as "iban"' })
  payment_target?: string;
  @TextField({ optional: true, lengthMax: 1024, description: 'browser session the order belongs to' })
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

function isBaseUrl(text: string): boolean {
  if (!/^https?:\/\/[^?#]+\/$/.test(text)) return false;
  try {
    return new URL(text).hostname !== '';
  } catch {
    return false;
  }
}
