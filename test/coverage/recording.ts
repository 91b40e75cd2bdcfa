import { appendFileSync } from 'node:fs';
import { join } from 'node:path';

/** One answer that a test received through `Api` and looked at. */
export interface RecordedAnswer {
  readonly method: string;
  /** As openapi.json writes it: `/orders/{order_id}/pay`; undefined: no such path. */
  readonly path: string | undefined;
  readonly status: number;
  /** Of an error body. */
  readonly code: number | undefined;
  /** Names of the parameters and headers that were sent, and of the headers that came back. */
  readonly query: readonly string[];
  readonly headers: readonly string[];
  readonly answerHeaders: readonly string[];
}

/** Deep enough for the frames of a matcher between a spec and what it reads. */
const FRAMES_MAX = 60;
const SPEC = /\.spec\.ts$/;

/** An answer with the test that looked at it; one line of a recording. */
export interface RecordedLine extends RecordedAnswer {
  /** Below the project's root. */
  readonly file: string;
  /** Names of the describe blocks and of the test, as jest joins them. */
  readonly test: string;
  /** Whether the spec itself looked, by itself or through a matcher; false: a helper did, while it set something up. */
  readonly direct: boolean;
}

/** Folder of the recording; scripts/test.mjs sets it for a run of all tests. Unset: nothing is recorded. */
export const RECORDING_VARIABLE = 'PROTOCOL_RECORDING';

/** Random requests show nothing that the next run shows again. */
const UNREPEATABLE = /\.property\.spec\.ts$|\/e2e\/(model|isolation)\//;

let current: { file: string; test: string; lines: Set<string> } | undefined;

/** From now on answers belong to this test. Those that come outside of a test (beforeAll) belong to none. */
export function beginTest(file: string, test: string): void {
  if (!process.env[RECORDING_VARIABLE] || UNREPEATABLE.test(file)) return;
  current = { file, test, lines: new Set() };
}

/** Notes that the running test looked at this answer. */
export function recordAnswer(answer: RecordedAnswer): void {
  if (!current) return;
  const { file, test } = current;
  const line: RecordedLine = { file, test, direct: isReadBySpec(), ...answer };
  current.lines.add(JSON.stringify(line));
}

/** Writes down what the test looked at. Whether it passed is known to the reporter, which reads this at the end. */
export function endTest(): void {
  const directory = process.env[RECORDING_VARIABLE];
  const ended = current;
  current = undefined;
  if (!directory || !ended || ended.lines.size === 0) return;
  // Each process has a file of its own; the lines of a test are one write.
  appendFileSync(join(directory, `${process.pid}.jsonl`), `${[...ended.lines].join('\n')}\n`);
}

/** Whether a spec stands on the stack without a wait in between: what is awaited belongs to a helper. */
function isReadBySpec(): boolean {
  const { prepareStackTrace, stackTraceLimit } = Error;
  Error.stackTraceLimit = FRAMES_MAX;
  Error.prepareStackTrace = (_error, frames) => frames;
  const frames = new Error().stack as unknown as readonly NodeJS.CallSite[];
  Object.assign(Error, { prepareStackTrace, stackTraceLimit });
  return frames.some((frame) => !frame.isAsync() && SPEC.test(frame.getFileName() ?? ''));
}
