import { encodeBase32 } from '../../../src/taler/base32';
import {
  ageGroup,
  ageGroupsFromMask,
  ageMaskFromGroups,
  hashAgeCommitment,
} from '../../../src/taler/age-restriction';
import { ageAttestation } from '../../../src/taler/signatures-wallet';
import { expectEveryChangeToBreak, signedCase } from './support/mutate';
import { readFixture, readVectors } from './support/vectors';

const rows = readFixture('400-reference-values.json').at('age_restriction').items;

describe('age restriction', () => {
  it('reads the groups of a real /keys into the mask of its denominations', () => {
    const keys = readVectors('exchange-keys.json').at('keys');
    const groups = keys.at('extensions', 'age_restriction', 'config', 'age_groups').text;
    const masks = keys
      .at('denominations')
      .items.map((group) => group.object.age_mask)
      .filter((mask) => mask !== undefined);
    expect(masks).toContain(ageMaskFromGroups(groups));
    expect(ageGroupsFromMask(ageMaskFromGroups(groups) ?? 0)).toBe(groups);
  });

  it.each(['', '8:', ':8', '8:8', '10:8', '0', '0:8', '32', '8:100', '8,10', '8: 10', '-1', '1.5'])(
    'refuses the groups %p',
    (groups) => {
      expect(ageMaskFromGroups(groups)).toBeUndefined();
    },
  );

  it('handles the highest group, whose bit is the sign bit of an int32', () => {
    const mask = ageMaskFromGroups('31');
    expect(mask).toBe(2 ** 31 + 1);
    expect(ageGroup(mask ?? 0, 30)).toBe(0);
    expect(ageGroup(mask ?? 0, 31)).toBe(1);
    expect(ageGroup(mask ?? 0, 200)).toBe(1);
    expect(ageGroupsFromMask(mask ?? 0)).toBe('31');
  });

  it.each(rows.map((row) => [row.at('age').number, row] as const))(
    'hashes the commitment of age %d and verifies its attestations as the reference does',
    (_age, row) => {
      const ageMask = row.at('mask').number;
      const keys = row.at('answer', 'age_commitment').items.map((cursor) => cursor.key);
      expect(encodeBase32(hashAgeCommitment(keys))).toBe(row.at('answer', 'h_age_commitment').text);
      for (const attestation of row.at('answer', 'attestations').items) {
        const age = attestation.at('minimum_age').number;
        const group = ageGroup(ageMask, age);
        expect(group).toBe(attestation.at('age_group').number);
        const publicKey = keys[group - 1];
        // Group 0 needs no attestation; above the age of the wallet's owner there is none.
        if (publicKey === undefined || !attestation.has('minimum_age_sig')) continue;
        const signature = attestation.at('minimum_age_sig').hash;
        const signed = signedCase(ageAttestation, { ageMask, age }, { publicKey, signature });
        expect(signed.verifies()).toBe(true);
        if (age % 5 === 0) expectEveryChangeToBreak(signed);
      }
    },
  );

  it('counts a new group at every age that begins one', () => {
    const mask = ageMaskFromGroups('8:10:12') ?? 0;
    expect([0, 7, 8, 9, 10, 11, 12, 99].map((age) => ageGroup(mask, age))).toEqual([0, 0, 1, 1, 2, 2, 3, 3]);
    expect(ageGroup(0, 50)).toBe(0);
    expect(ageGroupsFromMask(1)).toBe('');
  });
});
