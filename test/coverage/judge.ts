import { coverageOf, faultsOf } from './coverage';
import { BEYOND, namedTests, renderDocument } from './document';
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
  const isStale = isStrict ? promised(document) !== promised(onDisk ?? '') : document !== onDisk;
  return { document, faults: faultsOf(coverage), isStale };
}

/** The part about the reference: what is seen beyond it depends on races between requests, so nothing is promised. */
function promised(document: string): string {
  return document.split(BEYOND)[0] ?? '';
}
