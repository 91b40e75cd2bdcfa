import type { AnswerKey, Exemption, NameRow, ReferenceGroup, TestName } from './rows';

/** Where a row is shown in the document. */
export type RowKind = 'answer' | 'query' | 'header' | 'answer header' | 'code' | 'choice';

/** One thing the reference says, that a test has to show. */
export interface ReferenceRow {
  readonly kind: RowKind;
  /** Says the same as the row, in one line: `POST /orders/{order_id}/pay 504 2011`. */
  readonly key: string;
  readonly section: string;
  /** Heading that the row stands under. */
  readonly place: string;
  readonly status?: number;
  readonly code?: number;
  /** Of a parameter or header; the decision of a choice. */
  readonly name?: string;
  readonly exemption: Exemption | undefined;
  /** What is to be seen for the row; all of it. */
  readonly evidence: readonly (AnswerKey | TestName)[];
}

export function answerKey(endpoint: string, status: number, code: number | undefined): AnswerKey {
  return code === undefined ? `${endpoint} ${status}` : `${endpoint} ${status} ${code}`;
}

export function nameKey(endpoint: string, kind: RowKind, name: string): AnswerKey {
  return `${endpoint} ${kind} ${name}`;
}

export function codeKey(code: number): AnswerKey {
  return `code ${code}`;
}

/** Stands for whichever endpoint. */
export const ANY_ENDPOINT = 'any endpoint';

/**
 * The rows of a group, in the order of the reference.
 * @throws Error when a row stands there twice
 */
export function rowsOf(group: ReferenceGroup): ReferenceRow[] {
  const rows = [...endpointRows(group), ...headerRows(group), ...codeRows(group), ...choiceRows(group)];
  const seen = new Set<string>();
  for (const { key } of rows) {
    if (seen.has(key)) throw new Error(`twice in the reference: ${key}`);
    seen.add(key);
  }
  return rows;
}

function endpointRows(group: ReferenceGroup): ReferenceRow[] {
  return group.endpoints.flatMap((each) => {
    const { endpoint, section } = each;
    const answers = each.answers.map(([status, code, exemption]): ReferenceRow => {
      const key = answerKey(endpoint, status, code);
      return { kind: 'answer', key, section, place: endpoint, status, code, exemption, evidence: [key] };
    });
    return [
      ...answers,
      ...nameRows(endpoint, section, 'query', each.query),
      ...nameRows(endpoint, section, 'header', each.headers),
      ...nameRows(endpoint, section, 'answer header', each.answerHeaders),
    ];
  });
}

function headerRows({ headersOfAll }: ReferenceGroup): ReferenceRow[] {
  return nameRows(ANY_ENDPOINT, headersOfAll?.section ?? '', 'header', headersOfAll?.names);
}

function nameRows(
  endpoint: string,
  section: string,
  kind: RowKind,
  names: readonly NameRow[] = [],
): ReferenceRow[] {
  return names.map((row) => {
    const [name, exemption] = typeof row === 'string' ? [row, undefined] : row;
    const key = nameKey(endpoint, kind, name);
    return { kind, key, section, place: endpoint, name, exemption, evidence: [key] };
  });
}

function codeRows({ codes }: ReferenceGroup): ReferenceRow[] {
  return (codes?.rows ?? []).map(([code, exemption]) => {
    const key = codeKey(code);
    const section = codes?.section ?? '';
    return { kind: 'code', key, section, place: ANY_ENDPOINT, code, exemption, evidence: [key] };
  });
}

function choiceRows({ choices = [] }: ReferenceGroup): ReferenceRow[] {
  return choices.map(({ section, decision, shownBy }) => ({
    kind: 'choice',
    key: section,
    section,
    place: 'Decisions',
    name: decision,
    exemption: 'reason' in shownBy ? shownBy : undefined,
    evidence: 'reason' in shownBy ? [] : shownBy,
  }));
}
