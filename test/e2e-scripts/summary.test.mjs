import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { test } from 'node:test';

const { summaryLine } = createRequire(import.meta.url)('../support/summary-reporter.js');

const file = { numFailingTests: 0 };
const run = {
  numPassedTests: 7,
  numFailedTests: 0,
  numPendingTests: 0,
  numTodoTests: 0,
  testResults: [file],
};

test('counts passed and failed tests', () => {
  assert.equal(summaryLine(run, 0), '7 passed, 0 failed');
  const failing = { numFailingTests: 2, failureMessage: 'expected 1 to be 2' };
  assert.equal(summaryLine({ ...run, numFailedTests: 2, testResults: [failing] }, 1), '7 passed, 2 failed');
});

test('names skipped tests, written-down ones included', () => {
  assert.equal(
    summaryLine({ ...run, numPendingTests: 2, numTodoTests: 1 }, 0),
    '7 passed, 0 failed, 3 skipped',
  );
});

test('counts a file that could not run as a failed test', () => {
  const broken = {
    numFailingTests: 0,
    failureMessage: 'Cannot find module',
    testExecError: { message: 'no' },
  };
  assert.equal(summaryLine({ ...run, testResults: [file, broken] }, 1), '7 passed, 1 failed');
});

test('never reads as a success when jest failed, or did not come to its end', () => {
  assert.equal(summaryLine(run, 1), '7 passed, 1 failed');
  assert.equal(summaryLine({ ...run, success: false }, 0), '7 passed, 1 failed');
  assert.equal(summaryLine(undefined, 0), '0 passed, 1 failed');
});
