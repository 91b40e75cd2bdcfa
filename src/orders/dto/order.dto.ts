import {
  AmountField,
  EnumField,
  I18nField,
  IntField,
  JsonField,
  ListField,
  ObjectField,
  RelativeTimeField,
  TextField,
  TextOptions,
  TimestampField,
} from '../../platform/http/fields';
import { LocationDto } from '../../platform/http/location.dto';
import { isImageDataUrl } from '../../platform/http/urls';
import type { Amount } from '../../taler/amount';
import { isOrderId } from '../../taler/ids';
import type { JsonObject } from '../../taler/json';
import type { RelativeTime, Timestamp } from '../../taler/timestamp';

const SUMMARY_LENGTH_MAX = 4096;
const URL_LENGTH_MAX = 4096;
const NAME_LENGTH_MAX = 1024;
const IMAGE_LENGTH_MAX = 1024 * 1024;
const TAXES_MAX = 64;
const AGE_MAX = 150;
/** Of one order, its own lines and those of the inventory alike. */
export const PRODUCTS_MAX = 1024;
/** A wallet shows them all on one screen; each costs a fee estimate per exchange. */
const CHOICES_MAX = 64;
/** Kinds of tokens of one choice: more than any shop sells together, and far below what a signature each would cost. */
const TOKENS_MAX = 64;

/** Name of a token family: unreserved characters of URLs (management.md 13). */
const SlugField = (options: TextOptions = {}) =>
  TextField({
    pattern: /^[A-Za-z0-9._~-]+$/,
    lengthMax: 128,
    expects: 'letters, digits, "-", ".", "_", "~"',
    ...options,
  });

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

/** What orders of both versions have (orders.md 4.1). Checked only: the contract is made of the JSON itself. */
export class OrderCommonDto {
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

/** Order with one price (orders.md 4.1). */
export class OrderDto extends OrderCommonDto {
  @IntField({ optional: true, maximum: 0, description: '0: one price' })
  version?: number;
  @AmountField({ description: 'total price, taxes and shipping included; zero is legal' })
  amount!: Amount;
  @AmountField({ optional: true, description: 'part of the amount that is a tip' })
  tip?: Amount;
  @AmountField({ optional: true, description: 'deposit fees the merchant takes upon itself' })
  max_fee?: Amount;
}

/** A token that has to be spent for a choice (orders.md 4.1). */
export class OrderInputDto {
  @EnumField(['token'])
  type!: string;
  @SlugField()
  token_family_slug!: string;
  @IntField({ optional: true, minimum: 1, description: 'default 1' })
  count?: number;
}

/** A token, or a receipt for the tax office, that is issued with a choice (orders.md 4.1). */
export class OrderOutputDto {
  @EnumField(['token', 'tax-receipt'])
  type!: 'token' | 'tax-receipt';
  @SlugField({ optional: true, description: 'of tokens, where it is required' })
  token_family_slug?: string;
  @IntField({ optional: true, minimum: 1, description: 'of tokens; default 1' })
  count?: number;
  @TimestampField({ optional: true, description: 'of tokens: when they must be usable' })
  valid_at?: Timestamp;
  @AmountField({ optional: true, description: "of receipts; default the choice's amount" })
  amount?: Amount;
}

/** An alternative that the customer picks from (orders.md 4.1, 8.3). */
export class OrderChoiceDto {
  @AmountField({ description: 'total price of this choice; currencies may differ between choices' })
  amount!: Amount;
  @AmountField({ optional: true, description: 'part of the amount that is a tip' })
  tip?: Amount;
  @TextField({ optional: true, lengthMax: SUMMARY_LENGTH_MAX })
  description?: string;
  @I18nField({ optional: true })
  description_i18n?: JsonObject;
  @ListField(() => OrderInputDto, { optional: true, lengthMax: TOKENS_MAX })
  inputs?: OrderInputDto[];
  @ListField(() => OrderOutputDto, { optional: true, lengthMax: TOKENS_MAX })
  outputs?: OrderOutputDto[];
  @AmountField({ optional: true, description: 'deposit fees the merchant takes upon itself' })
  max_fee?: Amount;
}

/** Order with choices (orders.md 4.1). */
export class OrderWithChoicesDto extends OrderCommonDto {
  @IntField({ minimum: 1, maximum: 1, description: '1: choices' })
  version!: number;
  @ListField(() => OrderChoiceDto, { lengthMax: CHOICES_MAX, description: 'at least one' })
  choices!: OrderChoiceDto[];
}

/** Credentials are refused: a taler:// URI has no place for them. */
function isBaseUrl(text: string): boolean {
  if (!/^https?:\/\/[^?#]+\/$/.test(text) || !URL.canParse(text)) return false;
  const { hostname, username, password } = new URL(text);
  return hostname !== '' && username === '' && password === '';
}
