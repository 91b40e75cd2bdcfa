import { judge, type Judgement } from '../../coverage/judge';
import type { RecordedLine } from '../../coverage/recording';
import { later, never, type ReferenceGroup, type TestName } from '../../coverage/rows';

const FILE = 'test/e2e/thing.spec.ts';
const PAY = 'POST /orders/{order_id}/pay';

const GROUP: ReferenceGroup = {
  title: 'Orders',
  endpoints: [
    {
      endpoint: PAY,
      section: 'orders.md 5.3',
      answers: [[200], [404, 2005], [412, undefined, never('historic')], [409, 2183, later('tokens')]],
      query: ['timeout_ms'],
      headers: ['accept'],
      answerHeaders: ['etag'],
    },
  ],
  codes: { section: 'orders.md 11', rows: [[2005]] },
  choices: [
    { section: 'orders.md 13 no. 1', decision: 'unknown is 404', shownBy: [`${PAY} 404 2005`] },
    { section: 'orders.md 13 no. 2', decision: 'named', shownBy: [{ file: FILE, test: 'is paid' }] },
  ],
};

function line(test: string, changes: Partial<RecordedLine> = {}): RecordedLine {
  return {
    file: FILE,
    test,
    direct: true,
    method: 'POST',
    path: '/orders/{order_id}/pay',
    status: 200,
    code: undefined,
    query: [],
    headers: [],
    answerHeaders: [],
    ...changes,
  };
}

const PAID = line('is paid', { query: ['timeout_ms'], headers: ['accept'], answerHeaders: ['etag'] });
const UNKNOWN = line('is unknown', { status: 404, code: 2005 });
const WHOLE = [PAID, UNKNOWN];
const PASSED: TestName[] = WHOLE.map(({ file, test }) => ({ file, test }));

/** In CI, with the file on disk that the whole recording makes. */
function inCi(lines: readonly RecordedLine[], passed: readonly TestName[] = PASSED): Judgement {
  return judge([GROUP], lines, passed, judge([GROUP], WHOLE, PASSED, undefined, false).document, true);
}

describe('the check of the protocol coverage', () => {
  it('has no complaint when every row has its test or its reason', () => {
    expect(inCi(WHOLE)).toMatchObject({ faults: [], isStale: false });
  });

  it('fails when a row has neither test nor reason', () => {
    const { faults, isStale } = inCi([PAID]);
    expect(faults).toEqual([
      `no test shows orders.md 5.3: ${PAY} 404 2005`,
      'no test shows orders.md 11: code 2005',
      'no test shows orders.md 13 no. 1: unknown is 404',
    ]);
    expect(isStale).toBe(true);
  });

  it.each([
    ['query', 'timeout_ms'],
    ['headers', 'accept'],
    ['answerHeaders', 'etag'],
  ] as const)('fails when no test sends or receives what the reference names: %s', (kind, name) => {
    const { faults } = inCi([{ ...PAID, [kind]: [] }, UNKNOWN]);
    expect(faults).toEqual([expect.stringContaining(name)]);
  });

  it('counts only tests that passed', () => {
    const { faults } = inCi(
      WHOLE,
      PASSED.filter(({ test }) => test !== 'is unknown'),
    );
    expect(faults).toHaveLength(3);
  });

  it('fails when what is said to be impossible happens', () => {
    const { faults } = inCi([...WHOLE, line('is paid', { status: 412 })]);
    expect(faults).toEqual([
      `said to be impossible, and yet ${FILE} > is paid shows orders.md 5.3: ${PAY} 412`,
    ]);
  });

  it('fails when what is said to be missing is there', () => {
    const { faults } = inCi([...WHOLE, line('is paid', { status: 409, code: 2183 })]);
    expect(faults).toEqual([
      `said to be not built yet, and yet ${FILE} > is paid shows orders.md 5.3: ${PAY} 409 2183`,
    ]);
  });

  it('fails when a decision rests on a test that is gone', () => {
    const renamed = { ...PAID, test: 'is paid at once' };
    const { faults } = inCi(
      [renamed, UNKNOWN],
      [...PASSED.slice(1), { file: FILE, test: 'is paid at once' }],
    );
    expect(faults).toEqual(['no test shows orders.md 13 no. 2: named']);
  });

  it('finds a document stale that names a test which did not show it, or lacks what was seen', () => {
    const { document } = inCi(WHOLE);
    const lying = document.replace('is unknown', 'is something else');
    expect(judge([GROUP], WHOLE, PASSED, lying, true).isStale).toBe(true);
    expect(judge([GROUP], WHOLE, PASSED, undefined, true).isStale).toBe(true);
    expect(judge([GROUP], WHOLE.slice(1), PASSED, document, true).isStale).toBe(true);
    // What is seen beyond the reference may depend on a race: CI does not insist on it.
    const extra = line('is paid', { status: 418 });
    expect(judge([GROUP], [...WHOLE, extra], PASSED, document, true).isStale).toBe(false);
    expect(judge([GROUP], [...WHOLE, extra], PASSED, document, false).isStale).toBe(true);
  });

  it('does not call a document stale for a test that passed, and met another end of a race this time', () => {
    const racing = line('comes second', { file: 'test/e2e/a.spec.ts', status: 404, code: 2005 });
    const passed = [...PASSED, { file: racing.file, test: racing.test }];
    const { document } = judge([GROUP], [...WHOLE, racing], passed, undefined, false);
    expect(document).toContain('comes second');
    expect(judge([GROUP], WHOLE, passed, document, true).isStale).toBe(false);
    // Without having passed it shows nothing.
    expect(judge([GROUP], WHOLE, PASSED, document, true).isStale).toBe(true);
  });

  it('names the first test by file and name, whatever came first', () => {
    const earlier = line('a test before', { file: 'test/e2e/a.spec.ts', status: 404, code: 2005 });
    const passed = [...PASSED, { file: earlier.file, test: earlier.test }];
    const forward = judge([GROUP], [...WHOLE, earlier], passed, undefined, false);
    const backward = judge([GROUP], [earlier, ...WHOLE], passed, undefined, false);
    expect(forward.document).toBe(backward.document);
    expect(forward.document).toContain('`test/e2e/a.spec.ts` a test before');
  });

  it('names a test that looked itself before one whose helper did', () => {
    const setUp = line('a', { file: 'test/e2e/a.spec.ts', direct: false, status: 404, code: 2005 });
    const passed = [...PASSED, { file: setUp.file, test: setUp.test }];
    const { document } = judge([GROUP], [setUp, ...WHOLE], passed, undefined, false);
    expect(document).toContain(
      '| 404 2005 MERCHANT_GENERIC_ORDER_UNKNOWN | `test/e2e/thing.spec.ts` is unknown |',
    );
  });

  it('does not call a document stale for a further test that shows the same', () => {
    const earlier = line('a | b \\ <c>\nd', { file: 'test/e2e/a.spec.ts', status: 404, code: 2005 });
    const passed = [...PASSED, { file: earlier.file, test: earlier.test }];
    expect(inCi([...WHOLE, earlier], passed).isStale).toBe(false);
    // Nor the other way round: odd names are read back from the document as they are.
    const withEarlier = judge([GROUP], [...WHOLE, earlier], passed, undefined, false).document;
    const even = line('0', { file: 'test/e2e/0.spec.ts', status: 404, code: 2005 });
    const all = [...passed, { file: even.file, test: even.test }];
    expect(judge([GROUP], [...WHOLE, earlier, even], all, withEarlier, true).isStale).toBe(false);
  });

  it('lists what is beyond the reference, but neither HEAD nor OPTIONS', () => {
    const { document } = judge(
      [GROUP],
      [
        ...WHOLE,
        line('is paid', { status: 500, code: 60 }),
        line('is paid', { path: undefined, status: 404, code: 21 }),
        line('is paid', { method: 'HEAD', status: 406 }),
      ],
      PASSED,
      undefined,
      false,
    );
    const [, beyond = ''] = document.split('## Beyond the reference');
    expect(beyond).toContain(`${PAY}: 500 60 GENERIC_INTERNAL_INVARIANT_FAILURE`);
    expect(beyond).toContain('no endpoint: 404 21 GENERIC_ENDPOINT_UNKNOWN');
    expect(beyond).not.toContain('406');
  });

  it('refuses a reference with a row twice', () => {
    const twice: ReferenceGroup = { ...GROUP, endpoints: [...GROUP.endpoints, ...GROUP.endpoints] };
    expect(() => judge([twice], WHOLE, PASSED, undefined, false)).toThrow('twice in the reference');
  });
});
