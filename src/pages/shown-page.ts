import { subtractAmounts } from '../taler/amount';
import { LOCALES, showAmount } from './format';
import type { Language } from './language';
import type { Offer } from './offer';
import type { ExpiredView, PageView, PayView, ReceiptView, RefundView, TroubleView } from './page-view';
import { qrCode } from './qr-code';
import {
  amountFact,
  asPartOfLine,
  linkFact,
  showChoices,
  showOnlyPrice,
  showProducts,
  showShop,
  showSummary,
  showText,
  someFacts,
  textFact,
  timeFact,
  type ShownFact,
} from './shown-offer';
import type { ShownPage, ShownSheet } from './shown-sheet';
import { fill, TEXTS } from './texts';

/** How often a page without script is loaded again: often enough to be noticed, rarely enough to be read. */
const REFRESH_SECONDS = 15;
/** Characters of a summary that a tab's title takes; more would not be seen. */
const TITLE_SUMMARY_LENGTH_MAX = 80;
/** The page is loaded again a little after the deadline, when the server says the same. */
const DEADLINE_GRACE_MS = 1500n;

/** Paths in a field of 24 by 24. */
const TICK = 'M4 12.5l5.5 5.5L20 7';
const CLOCK = 'M12 6v6l4 3M12 2a10 10 0 1 0 .01 0';
const BACK = 'M9 6L4 11l5 5M4 11h10a6 6 0 0 1 0 9h-3';

export function showPage(view: PageView): ShownPage {
  switch (view.kind) {
    case 'pay':
      return showPay(view);
    case 'expired':
      return showExpired(view);
    case 'refund':
      return showRefund(view);
    case 'receipt':
      return showReceipt(view);
    case 'unknown':
    case 'forbidden':
    case 'malformed':
      return showTrouble(view);
  }
}

function pageOf(view: PageView, title: string): ShownPage {
  const texts = TEXTS[view.language];
  return {
    kind: view.kind,
    language: view.language,
    locale: LOCALES[view.language],
    texts,
    title,
    refreshSeconds: REFRESH_SECONDS,
    withoutScript: fill(texts.withoutScript, { seconds: String(REFRESH_SECONDS) }),
  };
}

function sheetOf(view: Exclude<PageView, TroubleView>, title: string, chosen?: number) {
  const { offer, language } = view;
  const texts = TEXTS[language];
  const summary = showSummary(offer, language);
  return {
    ...pageOf(view, titleOf(title, summary.text, offer.merchant.name)),
    shop: showShop(offer),
    summary,
    choices: showChoices(offer, language, chosen),
    products: showProducts(offer, language),
    andMore:
      offer.productsLeftOut > 0 ? fill(texts.andMore, { count: String(offer.productsLeftOut) }) : undefined,
  };
}

/** Of the tab: what it is about, the beginning of the summary, the shop. */
function titleOf(title: string, summary: string, shop: string): string {
  // Cut between characters, not within one.
  const beginning = summary.slice(0, TITLE_SUMMARY_LENGTH_MAX).replace(/[\ud800-\udbff]$/, '');
  return [title, asPartOfLine(beginning), asPartOfLine(shop)].filter((text) => text !== '').join(' · ');
}

function showPay(view: PayView): ShownSheet {
  const { offer, language, situation } = view;
  const texts = TEXTS[language];
  const [heading, lead, waiting] = {
    open: [texts.payHeading, texts.payLead, texts.waitingForPayment] as const,
    claimed: [texts.claimedHeading, texts.claimedLead, texts.waitingForClaimed] as const,
    'paid-elsewhere': [texts.elsewhereHeading, texts.elsewhereLead, texts.waitingForProof] as const,
  }[situation];
  const deadline =
    situation === 'paid-elsewhere' ? undefined : timeFact(texts.payBy, view.payDeadline, language);
  const leftMs = (view.payDeadline - view.now) / 1000n + DEADLINE_GRACE_MS;
  return {
    ...sheetOf(view, texts.payTitle),
    price: showOnlyPrice(offer, language),
    facts: someFacts([deadline, ...factsOf(offer, language)]),
    taler: {
      uri: view.talerUri,
      code: qrCode(view.talerUri),
      codeLabel: texts.payCode,
      heading,
      lead,
      waiting,
      situation,
      leftMs: deadline ? String(leftMs) : '',
    },
  };
}

function showExpired(view: ExpiredView): ShownSheet {
  const { offer, language, reorderUrl } = view;
  const texts = TEXTS[language];
  return {
    ...sheetOf(view, texts.expiredTitle),
    badge: { heading: texts.expiredHeading, lead: texts.expiredLead, isGood: false, path: CLOCK },
    price: showOnlyPrice(offer, language),
    link: reorderUrl === undefined ? undefined : { url: reorderUrl, text: texts.orderAgain },
    facts: someFacts([timeFact(texts.endedOn, view.ended, language), ...factsOf(offer, language)]),
  };
}

function showRefund(view: RefundView): ShownSheet {
  const { language, talerUri } = view;
  const texts = TEXTS[language];
  const pending = subtractAmounts(view.refundGranted, view.refundObtained);
  return {
    ...sheetOf(view, texts.refundTitle, view.choiceIndex),
    badge: { heading: texts.refundHeading, isGood: true, path: BACK },
    price: { label: texts.refundAmount, amount: showAmount(pending, language) },
    facts: paidFacts(view),
    taler: {
      uri: talerUri,
      code: qrCode(talerUri),
      codeLabel: texts.refundCode,
      heading: texts.collectHeading,
      lead: texts.refundLead,
      waiting: texts.waitingForRefund,
      situation: 'open',
      leftMs: '',
    },
  };
}

function showReceipt(view: ReceiptView): ShownSheet {
  const { offer, language, fulfillmentUrl, refundGranted, amount } = view;
  const texts = TEXTS[language];
  return {
    ...sheetOf(view, texts.receiptTitle, view.choiceIndex),
    badge: { heading: receiptHeading(view), isGood: true, path: TICK },
    price: { label: texts.paidAmount, amount: showAmount(amount, language) },
    // What the shop says to buyers is not for those whose money is on its way back.
    message:
      offer.fulfillmentMessage && (refundGranted.units === 0n || refundGranted.units < amount.units)
        ? showText(offer.fulfillmentMessage, language)
        : undefined,
    link: fulfillmentUrl === undefined ? undefined : { url: fulfillmentUrl, text: texts.continue },
    facts: someFacts([...paidFacts(view), timeFact(texts.refundPossible, view.refundDeadline, language)]),
  };
}

function receiptHeading({ language, refundGranted, amount }: ReceiptView): string {
  const texts = TEXTS[language];
  if (refundGranted.units === 0n) return texts.receiptHeading;
  return refundGranted.units < amount.units ? texts.receiptHeadingPartly : texts.receiptHeadingRefunded;
}

function paidFacts(view: RefundView | ReceiptView): ShownFact[] {
  const { offer, language } = view;
  const { merchant } = offer;
  const texts = TEXTS[language];
  const seller = [merchant.name, ...merchant.address].filter((line) => line !== '');
  return someFacts([
    timeFact(texts.paidOn, view.paid, language),
    view.kind === 'refund' ? amountFact(texts.paidAmount, view.amount, language) : undefined,
    amountFact(texts.refunded, view.refundObtained, language),
    ...factsOf(offer, language),
    textFact(texts.deliverTo, ...offer.deliveryAddress),
    textFact(texts.seller, ...seller),
    merchant.email === undefined ? undefined : textFact(texts.mail, merchant.email),
  ]);
}

function factsOf(offer: Offer, language: Language): (ShownFact | undefined)[] {
  const texts = TEXTS[language];
  const { minimumAge, merchant } = offer;
  return [
    textFact(texts.order, offer.orderId),
    minimumAge > 0 ? textFact(texts.age, fill(texts.minimumAge, { age: String(minimumAge) })) : undefined,
    timeFact(texts.delivery, offer.deliveryDate, language),
    merchant.website === undefined
      ? undefined
      : linkFact(texts.website, new URL(merchant.website).host, merchant.website),
  ];
}

function showTrouble({ kind, language }: TroubleView): ShownPage {
  const texts = TEXTS[language];
  return {
    ...pageOf({ kind, language }, texts[`${kind}Title`]),
    trouble: { heading: texts[`${kind}Heading`], lead: texts[`${kind}Lead`] },
  };
}
