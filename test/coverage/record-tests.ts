import { relative } from 'node:path';
import { beginTest, endTest } from './recording';

/** Jest runs this before each test file: the outermost hooks enclose those of the file. */
const ROOT = process.cwd();

beforeEach(() => {
  const { testPath, currentTestName } = expect.getState();
  beginTest(relative(ROOT, testPath ?? ''), currentTestName ?? '');
});
afterEach(() => endTest());
