import { coverageOf, faultsOf, testId } from './coverage';
import { BEYOND, namedTests, readRow, renderDocument } from './document';
import type { RecordedLine } from './recording';
import type { ReferenceGroup, TestName } from './rows';

export interface Judgement {
  /** What docs/protocol-coverage.md has to be. */
  readonly document: string;
  /** What is wrong with the tests or the reference, one line each. */
  readonly faults: readonly string[];
  /** Whether the file on disk says something else. */
  readonly isStale: boolean;
}

/**
 * @param onDisk the document as it is now, undefined when there is none
 * @param isStrict true (CI): the tests that the document names stay named as long as they have seen it, so that only
 *   what is untrue or missing makes it stale, and no race between requests does
 */
export function judge(
  groups: readonly ReferenceGroup[],
  lines: readonly RecordedLine[],
  passed: readonly TestName[],
  onDisk: string | undefined,
  isStrict: boolean,
): Judgement {
  const preferred = isStrict ? namedTests(onDisk ?? '') : undefined;
  const coverage = coverageOf(groups, lines, passed, preferred);
  const document = renderDocument(coverage);
  const isStale = isStrict ? !keepsPromises(onDisk ?? '', document, passed) : document !== onDisk;
  return { document, faults: faultsOf(coverage), isStale };
}

/**
 * Line by line the same; but where another test is named than on disk, it is enough that the one on disk passed: it has
 * seen the answer when the document was written, and only a race between its requests can have kept it from that now.
 */
function keepsPromises(onDisk: string, document: string, passed: readonly TestName[]): boolean {
  const passedIds = new Set(passed.map(testId));
  const written = promised(onDisk).split('\n');
  const wanted = promised(document).split('\n');
  return (
    written.length === wanted.length &&
    wanted.every((line, index) => {
      const other = written[index] ?? '';
      if (line === other) return true;
      const [mine, theirs] = [readRow(line), readRow(other)];
      return mine !== undefined && mine.shown === theirs?.shown && passedIds.has(testId(theirs.test));
    })
  );
}

/** The part about the reference: what is seen beyond it depends on races between requests, so nothing is promised. */
function promised(document: string): string {
  return document.split(BEYOND)[0] ?? '';
}
