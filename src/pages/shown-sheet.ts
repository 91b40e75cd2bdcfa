import type { Language } from './language';
import type { PageView } from './page-view';
import type { QrCode } from './qr-code';
import type {
  ShownChoice,
  ShownFact,
  ShownPrice,
  ShownProduct,
  ShownShop,
  ShownSummary,
  ShownText,
} from './shown-offer';
import type { Texts } from './texts-en';

/** What all templates see: texts ready to be shown, none of them escaped yet. */
export interface ShownPage {
  readonly kind: PageView['kind'];
  readonly language: Language;
  readonly locale: string;
  readonly texts: Texts;
  readonly title: string;
  readonly refreshSeconds: number;
  readonly withoutScript: string;
  readonly trouble?: { readonly heading: string; readonly lead: string };
  readonly taler?: ShownTaler;
}

/** A page about an order. */
export interface ShownSheet extends ShownPage {
  readonly shop: ShownShop;
  readonly summary: ShownSummary;
  readonly badge?: {
    readonly heading: string;
    readonly lead?: string;
    readonly isGood: boolean;
    readonly path: string;
  };
  readonly price?: ShownPrice;
  readonly message?: ShownText;
  readonly link?: { readonly url: string; readonly text: string };
  readonly choices: readonly ShownChoice[];
  readonly products: readonly ShownProduct[];
  readonly andMore?: string;
  readonly facts: readonly ShownFact[];
}

/** The part of a page that leads to the wallet. */
export interface ShownTaler {
  readonly uri: string;
  readonly code: QrCode | undefined;
  readonly codeLabel: string;
  readonly heading: string;
  readonly lead: string;
  readonly waiting: string;
  readonly situation: string;
  /** Milliseconds after which the page says something else; empty: never. */
  readonly leftMs: string;
}
