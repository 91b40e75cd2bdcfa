import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

interface Reporter {
  onRunComplete(contexts: unknown, results: unknown): void;
  getLastError(): Error | undefined;
}
const Reporter = jest.requireActual<new (config: unknown, options: { document: string }) => Reporter>(
  '../../support/protocol-coverage-reporter.js',
);

const ROOT = join(__dirname, '../../..');
const RUN = {
  numFailedTests: 0,
  numFailedTestSuites: 0,
  testResults: [
    {
      testFilePath: join(ROOT, 'test/e2e/thing.spec.ts'),
      testResults: [{ status: 'passed', fullName: 'an order is unknown' }],
    },
  ],
};
const LINE = {
  file: 'test/e2e/thing.spec.ts',
  test: 'an order is unknown',
  direct: true,
  method: 'GET',
  path: '/orders/{order_id}',
  status: 404,
  code: 2005,
  query: [],
  headers: [],
  answerHeaders: [],
};

describe('the reporter of the protocol coverage', () => {
  let directory: string;
  let document: string;
  const { CI, PROTOCOL_RECORDING } = process.env;

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'protocol-coverage-'));
    document = join(directory, 'document.md');
    process.env['PROTOCOL_RECORDING'] = directory;
    writeFileSync(join(directory, '1.jsonl'), `${JSON.stringify(LINE)}\n`);
    jest.spyOn(process.stderr, 'write').mockReturnValue(true);
  });
  afterEach(() => {
    jest.restoreAllMocks();
    restore('CI', CI);
    restore('PROTOCOL_RECORDING', PROTOCOL_RECORDING);
    rmSync(directory, { recursive: true });
  });

  function restore(name: string, value: string | undefined): void {
    if (value === undefined) delete process.env[name];
    else process.env[name] = value;
  }

  function report(results: unknown): Error | undefined {
    const reporter = new Reporter({}, { document });
    reporter.onRunComplete([], results);
    return reporter.getLastError();
  }

  it('writes the document after a run of all tests, and says what is missing', () => {
    delete process.env['CI'];
    expect(report(RUN)).toBeUndefined();
    expect(readFileSync(document, 'utf8')).toContain('`test/e2e/thing.spec.ts` an order is unknown');
    expect(process.stderr.write).toHaveBeenCalledWith(expect.stringContaining('no test shows'));
  });

  it('fails the run in CI instead, and writes nothing', () => {
    process.env['CI'] = 'true';
    expect(report(RUN)?.message).toMatch(/^protocol coverage: \d+ complaints$/);
    expect(existsSync(document)).toBe(false);
    expect(process.stderr.write).toHaveBeenCalledWith(expect.stringContaining('the document is stale'));
  });

  it('writes nothing after a run with a failed test', () => {
    delete process.env['CI'];
    report({ ...RUN, numFailedTests: 1 });
    expect(existsSync(document)).toBe(false);
  });

  it('does nothing in a run of some tests', () => {
    delete process.env['PROTOCOL_RECORDING'];
    process.env['CI'] = 'true';
    expect(report(RUN)).toBeUndefined();
    expect(existsSync(document)).toBe(false);
    expect(process.stderr.write).not.toHaveBeenCalled();
  });
});
