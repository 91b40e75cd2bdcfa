export interface DocumentedExchange {
  readonly method: string;
  readonly url: string;
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
  readonly body: unknown;
}

/** Holds a live answer against openapi.json; throws when the document says otherwise. */
export function checkAgainstDocument(_exchange: DocumentedExchange): void {
  // replaced together with the generator of the document
}
