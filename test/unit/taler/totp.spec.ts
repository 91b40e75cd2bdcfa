import { decodeOtpKey, posConfirmation, type PosAlgorithm } from '../../../src/taler/totp';
import { type Cursor, readFixture, readVectors } from './support/vectors';

function algorithmOf(cursor: Cursor): PosAlgorithm {
  const { number } = cursor;
  if (number !== 0 && number !== 1 && number !== 2) throw new Error(`algorithm ${number}`);
  return number;
}

describe('point-of-sale confirmation', () => {
  it.each(
    readVectors('totp.json')
      .at('vectors')
      .items.map((row) => [row]),
  )('is that of the reference (row %#)', (row) => {
    const confirmation = posConfirmation({
      key: row.at('pos_key').text,
      algorithm: algorithmOf(row.at('algorithm')),
      amount: row.at('amount').amount,
      timestamp: row.at('timestamp_s').seconds,
    });
    expect(confirmation).toBe(row.at('pos_confirmation').text);
  });

  it.each(
    readFixture('400-reference-values.json')
      .at('pos_confirmation')
      .items.map((row) => [row]),
  )('is that of the recorded exchange (row %#)', (row) => {
    const confirmation = posConfirmation({
      key: row.at('key').text,
      algorithm: algorithmOf(row.at('algorithm')),
      amount: row.at('amount').amount,
      timestamp: row.at('t_s').seconds,
    });
    expect(confirmation).toBe(row.at('answer', 'confirmation').value ?? undefined);
  });

  const input = { algorithm: 1 as const, amount: { currency: 'EUR', units: 1n }, timestamp: 0n };

  it('takes keys in lower case and with padding', () => {
    const confirmation = posConfirmation({ ...input, key: 'JBSWY3DPEHPK3PXPAE' });
    expect(confirmation).toMatch(/^\d{8}(\n\d{8}){4}$/);
    expect(posConfirmation({ ...input, key: 'jbswy3dpehpk3pxpae======' })).toBe(confirmation);
  });

  it.each(['', '=', 'A', 'JBSWY3D1', 'JBSW Y3DP', 'JBSWY3DP=A'])(
    'is undefined for the malformed key %p',
    (key) => {
      expect(posConfirmation({ ...input, key })).toBeUndefined();
      expect(decodeOtpKey(key)).toBeUndefined();
    },
  );

  it('agrees with the published values of RFC 6238', () => {
    // RFC 6238, appendix B, SHA-1: the middle one of the five codes.
    const key = 'GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ';
    const codeAt = (seconds: bigint): string | undefined =>
      posConfirmation({ ...input, key, timestamp: seconds * 1_000_000n })?.split('\n')[2];
    expect(codeAt(59n)).toBe('94287082');
    expect(codeAt(1_111_111_111n)).toBe('14050471');
    expect(codeAt(20_000_000_000n)).toBe('65353130');
  });
});
