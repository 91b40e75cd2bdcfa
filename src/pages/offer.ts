import { isImageDataUrl } from '../platform/http/urls';
import { parseAmount, type Amount } from '../taler/amount';
import { isJsonObject, type JsonObject, type JsonValue } from '../taler/json';
import { parseTimestamp, type Timestamp } from '../taler/timestamp';
import { localText, type LocalText } from './local-text';
import { webUrl } from './web-url';

/** What a contract offers, as far as a page shows it. Texts are those of the shop, not to be trusted. */
export interface Offer {
  readonly orderId: string;
  /** Undefined when the contract has forgotten it. */
  readonly summary: LocalText | undefined;
  readonly merchant: Merchant;
  /** One; or several to choose from (orders.md 8.3). */
  readonly prices: readonly Price[];
  readonly products: readonly Product[];
  /** How many more products there are than a page shows. */
  readonly productsLeftOut: number;
  readonly fulfillmentMessage: LocalText | undefined;
  readonly deliveryDate: Timestamp | undefined;
  readonly deliveryAddress: readonly string[];
  /** Years; 0: none. */
  readonly minimumAge: number;
}

export interface Merchant {
  readonly name: string;
  /** data: URL of an image. */
  readonly logo: string | undefined;
  readonly website: string | undefined;
  readonly email: string | undefined;
  readonly address: readonly string[];
}

export interface Price {
  readonly amount: Amount;
  readonly tip: Amount | undefined;
  readonly description: LocalText | undefined;
}

export interface Product {
  readonly name: string | undefined;
  readonly description: LocalText | undefined;
  /** Decimal number as text; undefined: not said. */
  readonly quantity: string | undefined;
  readonly unit: string | undefined;
  readonly price: Amount | undefined;
  readonly taxes: readonly { readonly name: string; readonly tax: Amount }[];
  /** data: URL. */
  readonly image: string | undefined;
}

/** Lines of a page; a contract may have a thousand. */
const PRODUCTS_MAX = 100;
const PRICES_MAX = 50;
const TAXES_MAX = 10;
/** Lines of an address: all members of a location and its seven address lines. */
const ADDRESS_LINES_MAX = 16;
/** Characters of all images of a page together, so that a page stays quick; those that do not fit are left out. */
const IMAGES_LENGTH_MAX = 256 * 1024;

/**
 * Reads a contract for showing. Members that make no sense are left out, never an error: the contract was checked when
 * the order was made, and may have forgotten members since.
 * @param order what the order's row says of it
 * @param accepted the reader's languages, see Reader
 */
export function readOffer(
  terms: JsonObject,
  order: { readonly orderId: string; readonly amount: Amount },
  accepted: readonly string[],
): Offer {
  const images = new ImageBudget();
  const products = objectsOf(terms['products']);
  const merchant = isJsonObject(terms['merchant']) ? terms['merchant'] : {};
  return {
    orderId: order.orderId,
    summary: localText(terms, 'summary', accepted),
    merchant: {
      name: textOf(merchant['name']) ?? '',
      logo: images.take(merchant['logo']),
      website: webUrl(merchant['website']),
      email: textOf(merchant['email']),
      address: addressOf(merchant['address']),
    },
    prices: pricesOf(terms, order.amount, accepted),
    products: products.slice(0, PRODUCTS_MAX).map((product) => productOf(product, accepted, images)),
    productsLeftOut: Math.max(0, products.length - PRODUCTS_MAX),
    fulfillmentMessage: localText(terms, 'fulfillment_message', accepted),
    deliveryDate: parseTimestamp(terms['delivery_date']),
    deliveryAddress: addressOf(terms['delivery_location']),
    minimumAge: typeof terms['minimum_age'] === 'number' ? terms['minimum_age'] : 0,
  };
}

function pricesOf(terms: JsonObject, amount: Amount, accepted: readonly string[]): readonly Price[] {
  if (terms['version'] !== 1) return [{ amount, tip: parseAmount(terms['tip']), description: undefined }];
  return objectsOf(terms['choices'])
    .slice(0, PRICES_MAX)
    .flatMap((choice) => {
      const price = parseAmount(choice['amount']);
      if (!price) return [];
      const description = localText(choice, 'description', accepted);
      return [{ amount: price, tip: parseAmount(choice['tip']), description }];
    });
}

function productOf(product: JsonObject, accepted: readonly string[], images: ImageBudget): Product {
  return {
    name: textOf(product['product_name']),
    description: localText(product, 'description', accepted),
    quantity: quantityOf(product),
    unit: textOf(product['unit']),
    price: parseAmount(product['price']) ?? firstAmount(product['prices']),
    taxes: objectsOf(product['taxes'])
      .slice(0, TAXES_MAX)
      .flatMap((tax) => {
        const amount = parseAmount(tax['tax']);
        const name = textOf(tax['name']);
        return amount && name !== undefined ? [{ name, tax: amount }] : [];
      }),
    image: images.take(product['image']),
  };
}

function quantityOf(product: JsonObject): string | undefined {
  const { unit_quantity: exact, quantity } = product;
  if (typeof exact === 'string' && /^\d{1,16}(\.\d{1,6})?$/.test(exact)) return exact;
  return typeof quantity === 'number' && Number.isSafeInteger(quantity) && quantity >= 0
    ? String(quantity)
    : undefined;
}

function firstAmount(value: JsonValue | undefined): Amount | undefined {
  return Array.isArray(value) ? parseAmount(value[0]) : undefined;
}

/** The lines of a Location (orders.md 8.5), from the door to the country. */
function addressOf(value: JsonValue | undefined): readonly string[] {
  if (!isJsonObject(value)) return [];
  const part = (name: string) => textOf(value[name]);
  const line = (...names: string[]) =>
    names
      .map(part)
      .filter((text) => text !== undefined)
      .join(' ');
  const lines = [
    ...(Array.isArray(value['address_lines'])
      ? value['address_lines'].map((text) => textOf(text) ?? '')
      : []),
    line('building_name'),
    line('street', 'building_number'),
    line('town_location'),
    line('district'),
    line('post_code', 'town'),
    line('country_subdivision'),
    line('country'),
  ];
  return lines.filter((text) => text !== '').slice(0, ADDRESS_LINES_MAX);
}

/** Hands out the images of one page as long as they fit. */
class ImageBudget {
  private left = IMAGES_LENGTH_MAX;

  take(value: JsonValue | undefined): string | undefined {
    if (typeof value !== 'string' || value.length > this.left || !isImageDataUrl(value)) return undefined;
    this.left -= value.length;
    return value;
  }
}

function objectsOf(value: JsonValue | undefined): JsonObject[] {
  return Array.isArray(value) ? value.filter(isJsonObject) : [];
}

function textOf(value: JsonValue | undefined): string | undefined {
  return typeof value === 'string' && value.trim() !== '' ? value.trim() : undefined;
}
