/** Why a row of the reference has no test. */
export interface Exemption {
  /** never: this backend cannot answer so; later: what it belongs to is not built yet. */
  readonly kind: 'never' | 'later';
  /** One line. */
  readonly reason: string;
}

/** Status, error code (none: not an error, or an error without a code), and why there is no test, if there is none. */
export type AnswerRow =
  | readonly [status: number]
  | readonly [status: number, code: number | undefined]
  | readonly [status: number, code: number | undefined, exemption: Exemption];

/** Name of a parameter or header, and why there is no test, if there is none. */
export type NameRow = string | readonly [name: string, exemption: Exemption];

/** What the reference says of one endpoint. */
export interface EndpointRows {
  /** As openapi.json writes it: `POST /orders/{order_id}/pay`. */
  readonly endpoint: string;
  /** Of the reference: `orders.md 5.3`. */
  readonly section: string;
  readonly answers: readonly AnswerRow[];
  readonly query?: readonly NameRow[];
  /** Of the request. */
  readonly headers?: readonly NameRow[];
  readonly answerHeaders?: readonly NameRow[];
}

/** An error code that the reference lists without saying which endpoint answers it: any may. */
export type CodeRow = readonly [code: number] | readonly [code: number, exemption: Exemption];

/** A decision that the reference asks for, with what shows it: answers, as keys of rows, or tests by name. */
export interface ChoiceRow {
  readonly section: string;
  readonly decision: string;
  readonly shownBy: readonly (AnswerKey | TestName)[] | Exemption;
}
/** `POST /orders/{order_id}/pay 504 2011` */
export type AnswerKey = string;
export interface TestName {
  /** Below the project's root. */
  readonly file: string;
  /** Names of the describe blocks and of the test, as jest joins them. */
  readonly test: string;
}

/** One part of the reference. A further part is a further array of endpoints. */
export interface ReferenceGroup {
  readonly title: string;
  readonly endpoints: readonly EndpointRows[];
  /** Headers that every endpoint takes. */
  readonly headersOfAll?: { readonly section: string; readonly names: readonly NameRow[] };
  readonly codes?: { readonly section: string; readonly rows: readonly CodeRow[] };
  readonly choices?: readonly ChoiceRow[];
}

export function never(reason: string): Exemption {
  return { kind: 'never', reason };
}

export function later(reason: string): Exemption {
  return { kind: 'later', reason };
}

/** Every code with the same status. */
export function codes(status: number, ...list: readonly number[]): AnswerRow[] {
  return list.map((code) => [status, code]);
}
