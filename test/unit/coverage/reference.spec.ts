import { errorFacts, TalerCode } from '../../../src/taler/error-codes';
import { GROUPS } from '../../coverage/groups';
import { rowsOf } from '../../coverage/reference';

/** orders.md 11, as it stands there. */
const TABLE_11 = [
  [12, 20, 21, 22, 23, 25, 26, 30, 32, 33, 50, 51, 52, 53, 54, 55, 56, 60, 61, 62, 74, 75, 78],
  [
    2000, 2005, 2006, 2008, 2009, 2010, 2011, 2012, 2013, 2014, 2015, 2016, 2021, 2024, 2025, 2026, 2027,
    2028,
  ],
  [2038, 2039, 2048, 2100, 2103, 2104, 2105, 2106, 2107],
  [
    2150, 2151, 2152, 2153, 2154, 2155, 2156, 2157, 2158, 2159, 2160, 2161, 2162, 2163, 2165, 2166, 2167,
    2168,
  ],
  [
    2169, 2170, 2171, 2172, 2173, 2174, 2175, 2176, 2177, 2178, 2179, 2180, 2181, 2182, 2183, 2184, 2185,
    2186,
  ],
  [2200, 2201, 2251, 2252, 2253, 2254, 2255, 2256, 2300, 2301, 2303, 2350],
  [2500, 2501, 2502, 2503, 2504, 2505, 2506, 2507, 2508, 2509, 2510, 2511, 2512, 2513, 2514],
  [2520, 2521, 2530, 2531, 2532, 2533, 2534, 2800],
].flat();

/** The statuses that the reference gives to codes which the registry has with another one. */
const OTHER_STATUS = new Set(['400 12', '408 2011', '500 2350', '403 2015']);

describe('the reference as data', () => {
  const rows = GROUPS.flatMap(rowsOf);

  it('has a row for each code of table 11', () => {
    const codes = new Set(rows.map(({ code }) => code));
    expect(TABLE_11.filter((code) => !codes.has(code))).toEqual([]);
  });

  it('has the status of the registry with each code', () => {
    const wrong = rows.filter(({ kind, status, code }) => {
      if (kind !== 'answer' || code === undefined || OTHER_STATUS.has(`${status} ${code}`)) return false;
      return errorFacts.get(code as TalerCode)?.httpStatus !== status;
    });
    expect(wrong.map(({ key }) => key)).toEqual([]);
  });

  it('gives every exemption a reason of one line', () => {
    const reasons = rows.flatMap(({ exemption }) => (exemption ? [exemption.reason] : []));
    expect(reasons.length).toBeGreaterThan(0);
    for (const reason of reasons) expect(reason).toMatch(/^.{5,120}$/);
  });
});
