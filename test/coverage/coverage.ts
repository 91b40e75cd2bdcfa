import type { RecordedLine } from './recording';
import { ANY_ENDPOINT, answerKey, codeKey, nameKey, ReferenceRow, rowsOf } from './reference';
import type { AnswerKey, ReferenceGroup, TestName } from './rows';

/** A row with the tests that show it; empty: it is not shown. */
export interface CoveredRow extends ReferenceRow {
  readonly shownBy: readonly TestName[];
}

/** An answer that a test has seen and the reference does not name. */
export interface ExtraAnswer {
  readonly endpoint: string;
  readonly status: number;
  readonly code: number | undefined;
  readonly shownBy: TestName;
}

export interface Coverage {
  readonly groups: readonly { readonly title: string; readonly rows: readonly CoveredRow[] }[];
  /** Beyond the reference. */
  readonly extras: readonly ExtraAnswer[];
}

/** HEAD is GET without the body, and OPTIONS is answered before there is an endpoint. */
const METHODS = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'];

/**
 * Lays what passing tests have seen beside the reference.
 * @param passed the tests that passed, of every kind
 * @param preferred for a key, the test to name if it has seen it; otherwise it is the first by file and name, of
 *   those that looked themselves if there are any
 */
export function coverageOf(
  groups: readonly ReferenceGroup[],
  lines: readonly RecordedLine[],
  passed: readonly TestName[],
  preferred: ReadonlyMap<string, string> = new Map(),
): Coverage {
  const passedIds = new Set(passed.map(testId));
  const witnesses = new Witnesses(preferred);
  const answers = new Map<AnswerKey, Omit<ExtraAnswer, 'shownBy'>>();
  for (const line of lines) {
    if (!passedIds.has(testId(line)) || !METHODS.includes(line.method)) continue;
    for (const key of keysOf(line)) witnesses.add(key, line);
    const endpoint = endpointOf(line);
    const { status, code } = line;
    answers.set(answerKey(endpoint, status, code), { endpoint, status, code });
  }
  const evidence = (wanted: AnswerKey | TestName): TestName | undefined =>
    typeof wanted === 'string' ? witnesses.of(wanted) : findTest(passed, wanted);
  const covered = groups.map((group) => ({
    title: group.title,
    rows: rowsOf(group).map((row): CoveredRow => {
      const shown = row.evidence.map(evidence);
      const isWhole = shown.length > 0 && shown.every((test) => test !== undefined);
      return { ...row, shownBy: isWhole ? shown.filter((test) => test !== undefined) : [] };
    }),
  }));
  const named = new Set(covered.flatMap(({ rows }) => rows.map(({ key }) => key)));
  const extras = [...answers]
    .filter(([key]) => !named.has(key))
    .sort(([a], [b]) => compare(a, b))
    .map(([key, answer]) => ({ ...answer, shownBy: witnesses.of(key) ?? { file: '', test: '' } }));
  return { groups: covered, extras };
}

/** What is wrong, one line each; empty: every row has its test or its reason, and no reason is contradicted. */
export function faultsOf({ groups }: Coverage): string[] {
  return groups
    .flatMap(({ rows }) => rows)
    .flatMap((row) => {
      const [witness] = row.shownBy;
      const what = `${row.section}: ${describe(row)}`;
      if (!row.exemption) return witness ? [] : [`no test shows ${what}`];
      if (!witness) return [];
      return row.exemption.kind === 'never'
        ? [`said to be impossible, and yet ${testId(witness)} shows ${what}`]
        : [`said to be not built yet, and yet ${testId(witness)} shows ${what}`];
    });
}

/** The row in a few words. */
export function describe({ kind, key, name }: ReferenceRow): string {
  return kind === 'choice' ? String(name) : key;
}

export function testId({ file, test }: TestName): string {
  return `${file} > ${test}`;
}

/** By code points, so that no locale decides. */
export function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** Remembers for each key the test to name. */
class Witnesses {
  private readonly best = new Map<AnswerKey, RecordedLine>();
  private readonly wanted = new Map<AnswerKey, RecordedLine>();

  constructor(private readonly preferred: ReadonlyMap<AnswerKey, string>) {}

  add(key: AnswerKey, line: RecordedLine): void {
    if (this.preferred.get(key) === testId(line)) this.wanted.set(key, line);
    const known = this.best.get(key);
    if (!known || isBetter(line, known)) this.best.set(key, line);
  }

  of(key: AnswerKey): TestName | undefined {
    const line = this.wanted.get(key) ?? this.best.get(key);
    return line && { file: line.file, test: line.test };
  }
}

function isBetter(one: RecordedLine, other: RecordedLine): boolean {
  if (one.direct !== other.direct) return one.direct;
  return (compare(one.file, other.file) || compare(one.test, other.test)) < 0;
}

function endpointOf({ method, path }: RecordedLine): string {
  return path === undefined ? 'no endpoint' : `${method} ${path}`;
}

function keysOf(line: RecordedLine): AnswerKey[] {
  const endpoint = endpointOf(line);
  return [
    answerKey(endpoint, line.status, line.code),
    ...(line.code === undefined ? [] : [codeKey(line.code)]),
    ...line.query.map((name) => nameKey(endpoint, 'query', name)),
    ...line.headers.map((name) => nameKey(endpoint, 'header', name)),
    ...line.headers.map((name) => nameKey(ANY_ENDPOINT, 'header', name)),
    ...line.answerHeaders.map((name) => nameKey(endpoint, 'answer header', name)),
  ];
}

function findTest(passed: readonly TestName[], wanted: TestName): TestName | undefined {
  return passed.find(({ file, test }) => file === wanted.file && test === wanted.test);
}
