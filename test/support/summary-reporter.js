const { writeFileSync, writeSync } = require('node:fs');

/**
 * Closes the output of a test run with one line: `N passed, N failed`, and `, N skipped` where there are any.
 * A file that could not run at all counts as one failed test.
 */
class SummaryReporter {
  constructor() {
    this.results = undefined;
    // Jest's own summary comes after all reporters, so the line waits until nothing else can be written.
    process.once('exit', (code) => this.print(code));
  }

  onRunComplete(_contexts, results) {
    this.results = results;
  }

  print(code) {
    const { TEST_SUMMARY_MARKER: marker } = process.env;
    if (marker) writeFileSync(marker, '');
    // Written at once: at exit nobody waits for a stream any more.
    writeSync(1, `${summaryLine(this.results, code)}\n`);
  }
}

/**
 * @param results jest's AggregatedResult; undefined when the run was cut short
 * @param code exit code of jest: a run that failed for another reason than a test must not read as a success
 */
function summaryLine(results, code) {
  if (results === undefined) return '0 passed, 1 failed';
  const isBroken = (file) => file.numFailingTests === 0 && Boolean(file.testExecError || file.failureMessage);
  const tests = results.numFailedTests + results.testResults.filter(isBroken).length;
  // A reporter that fails the run does so after the tests, and its exit code after this.
  const isFailure = code !== 0 || results.success === false;
  const failed = tests === 0 && isFailure ? 1 : tests;
  const skipped = results.numPendingTests + results.numTodoTests;
  return `${results.numPassedTests} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`;
}

module.exports = SummaryReporter;
module.exports.summaryLine = summaryLine;
