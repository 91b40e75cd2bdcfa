import { sha512Short } from './kdf';

/** Group limits are bits 1 to 31 of a uint32; bit 0 is the group that begins at birth (crypto.md 4, 1207). */
const MAX_GROUP_AGE = 31;

/**
 * Reads age groups such as `8:10:12:14:16:18:21`, the ages at which groups begin, strictly ascending.
 *
 * @returns the mask of uint32: bit i is set if a group begins at age i, bit 0 always; undefined if malformed
 */
export function ageMaskFromGroups(groups: string): number | undefined {
  let mask = 1;
  let previous = 0;
  for (const text of groups.split(':')) {
    if (!/^\d{1,2}$/.test(text)) return undefined;
    const age = Number(text);
    if (age <= previous || age > MAX_GROUP_AGE) return undefined;
    mask += 2 ** age;
    previous = age;
  }
  return mask;
}

/** The inverse of ageMaskFromGroups; empty for a mask without groups. */
export function ageGroupsFromMask(mask: number): string {
  const ages: number[] = [];
  for (let age = 1; age <= MAX_GROUP_AGE; age += 1) if (beginsGroup(mask, age)) ages.push(age);
  return ages.join(':');
}

function beginsGroup(mask: number, age: number): boolean {
  return ((mask >>> age) & 1) === 1;
}

/** Index of the group an age belongs to: how many groups begin at 1..age. Group 0 needs no attestation. */
export function ageGroup(mask: number, age: number): number {
  let group = 0;
  for (let limit = 1; limit <= Math.min(age, MAX_GROUP_AGE); limit += 1)
    if (beginsGroup(mask, limit)) group += 1;
  return group;
}

/**
 * Hash of an age commitment.
 *
 * @param keys public keys of the groups 1, 2, ..., 32 bytes each
 * @returns 32 bytes
 */
export function hashAgeCommitment(keys: readonly Uint8Array[]): Buffer {
  return sha512Short(...keys);
}
