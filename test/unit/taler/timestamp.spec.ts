import fc from 'fast-check';
import {
  addRelative,
  DAY_US,
  floorToSecond,
  FOREVER,
  HOUR_US,
  NEVER,
  packRelativeTime,
  packTimestamp,
  parseRelativeTime,
  parseTimestamp,
  relativeTimeToJson,
  SECOND_US,
  timestampFromMs,
  timestampFromSeconds,
  timestampToJson,
} from '../../../src/taler/timestamp';
import { readFixture } from './support/vectors';

const reference = readFixture('400-reference-values.json');
/** C counts to 2^64 microseconds, we stop at the largest int8 of the database: the year 294247. */
const BEYOND_INT8 = '{"t_s":18446744073709}';

describe('timestamps', () => {
  it.each(reference.at('timestamp').items.map((row) => [row.at('text').text, row.at('answer')] as const))(
    'reads %s as the recorded exchange does',
    (text, answer) => {
      const time = parseTimestamp(JSON.parse(text));
      if (answer.at('ok').value !== true || text === BEYOND_INT8) return expect(time).toBeUndefined();
      expect(time).toBeDefined();
      expect(packTimestamp(time ?? 0n).toString('hex')).toBe(answer.at('binary_hex').text);
      expect(timestampToJson(time ?? 0n)).toEqual(answer.at('again').json);
    },
  );

  it.each(reference.at('relative_time').items.map((row) => [row.at('text').text, row.at('answer')] as const))(
    'reads the span %s as the recorded exchange does',
    (text, answer) => {
      const span = parseRelativeTime(JSON.parse(text));
      if (answer.at('ok').value !== true) return expect(span).toBeUndefined();
      expect(relativeTimeToJson(span ?? -1n)).toEqual(answer.at('again').json);
    },
  );

  it.each([{ t_s: 'NEVER' }, { t_s: 'Never' }])('reads %j without regard to case', (json) => {
    expect(parseTimestamp(json)).toBe(NEVER);
  });

  it.each([5, '5', null, [5], { t_s: NaN }, { t_s: true }, { t_s: 1e300 }])('refuses %j', (json) => {
    expect(parseTimestamp(json)).toBeUndefined();
    expect(parseRelativeTime(json)).toBeUndefined();
  });

  it('rounds every computed time down to the second', () => {
    expect(timestampFromMs(1_700_000_000_999)).toBe(1_700_000_000n * SECOND_US);
    expect(timestampFromSeconds(7)).toBe(7n * SECOND_US);
    expect(floorToSecond(1_999_999n)).toBe(SECOND_US);
    expect(addRelative(SECOND_US, 1_999_999n)).toBe(2n * SECOND_US);
    expect(addRelative(0n, DAY_US)).toBe(24n * HOUR_US);
  });

  it('saturates at never and packs never and forever as all ones', () => {
    expect(addRelative(NEVER, 1n)).toBe(NEVER);
    expect(addRelative(0n, FOREVER)).toBe(NEVER);
    expect(addRelative(NEVER - 1n, DAY_US)).toBe(NEVER);
    expect(packTimestamp(NEVER).toString('hex')).toBe('f'.repeat(16));
    expect(packRelativeTime(FOREVER).toString('hex')).toBe('f'.repeat(16));
    expect(timestampToJson(NEVER)).toEqual({ t_s: 'never' });
    expect(relativeTimeToJson(FOREVER)).toEqual({ d_us: 'forever' });
    expect(() => relativeTimeToJson(2n ** 53n)).toThrow(RangeError);
  });

  it('reads what it prints', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 9_223_372_036_854 }), (seconds) => {
        const time = timestampFromSeconds(seconds);
        expect(parseTimestamp(timestampToJson(time))).toBe(time);
        expect(packTimestamp(time).readBigUInt64BE()).toBe(time);
      }),
    );
  });
});
