const { existsSync, readdirSync, readFileSync, writeFileSync } = require('node:fs');
const { join, relative } = require('node:path');
const loadTypeScript = require('./typescript-loader');

const ROOT = join(__dirname, '../..');
const DOCUMENT = join(ROOT, 'docs/protocol-coverage.md');

/**
 * Writes docs/protocol-coverage.md at the end of a run of all tests. In CI it compares instead, and the run fails when
 * the document is not what the tests show, or when a row of the reference is not shown.
 */
class ProtocolCoverageReporter {
  /** @param options `document`: another file than docs/protocol-coverage.md */
  constructor(_globalConfig, options = {}) {
    this.document = options.document ?? DOCUMENT;
    this.error = undefined;
  }

  onRunComplete(_contexts, results) {
    const directory = process.env.PROTOCOL_RECORDING;
    if (!directory) return;
    const isStrict = isCi();
    const onDisk = existsSync(this.document) ? readFileSync(this.document, 'utf8') : undefined;
    const { judge } = loadTypeScript('../coverage/judge.ts');
    const { GROUPS } = loadTypeScript('../coverage/groups.ts');
    const verdict = judge(GROUPS, readRecording(directory), passedTests(results), onDisk, isStrict);
    const complaints = [...verdict.faults];
    if (isStrict && verdict.isStale) complaints.push(staleness(onDisk ?? '', verdict.document));
    // After a failed test the document would miss rows for no other reason than that.
    const isWhole = results.numFailedTests === 0 && results.numFailedTestSuites === 0;
    if (!isStrict && verdict.isStale && isWhole) writeFileSync(this.document, verdict.document);
    if (complaints.length === 0) return;
    process.stderr.write(`\nProtocol coverage (docs/protocol-coverage.md):\n${complaints.join('\n')}\n`);
    if (isStrict) this.error = new Error(`protocol coverage: ${complaints.length} complaints`);
  }

  getLastError() {
    return this.error;
  }
}

function isCi() {
  return process.env.CI === 'true' || process.argv.includes('--ci');
}

function readRecording(directory) {
  return readdirSync(directory)
    .filter((name) => name.endsWith('.jsonl'))
    .flatMap((name) => readFileSync(join(directory, name), 'utf8').trim().split('\n'))
    .map((line) => JSON.parse(line));
}

function passedTests(results) {
  return results.testResults.flatMap(({ testFilePath, testResults }) =>
    testResults
      .filter(({ status }) => status === 'passed')
      .map(({ fullName }) => ({ file: relative(ROOT, testFilePath), test: fullName })),
  );
}

/** The first line that differs. */
function staleness(onDisk, wanted) {
  const [had, has] = [onDisk.split('\n'), wanted.split('\n')];
  const line = has.findIndex((text, index) => text !== had[index]);
  return `the document is stale from line ${line + 1} on, where it should be: ${has[line] ?? 'its end'} (npm test writes it)`;
}

module.exports = ProtocolCoverageReporter;
