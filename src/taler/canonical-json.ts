import { isAllowedString, type JsonValue, MAX_JSON_DEPTH } from './json';
import { hkdf, sha512 } from './kdf';

const ZERO_BYTE = Buffer.alloc(1);
const HASH_BYTES = 64;
// Salts of hashes that are made like those of forgettable members (conventions.md 9), with their zero byte.
const POLICY_SALT = Buffer.from('taler-extensions-policy\0', 'latin1');
const MANIFESTS_SALT = Buffer.from('taler-extensions-manifests\0', 'latin1');

/** A value without canonical form: a real, an unsafe integer, a refused string, or too deep nesting. */
export class CanonicalJsonError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'CanonicalJsonError';
  }
}

/**
 * Canonical form after RFC 8785, restricted to integers of at most 2^53 - 1 (conventions.md 8).
 *
 * @throws CanonicalJsonError if the value has no canonical form
 */
export function canonicalJson(value: JsonValue): string {
  return write(value, 0);
}

function write(value: JsonValue, depth: number): string {
  switch (typeof value) {
    case 'string':
      return writeString(value);
    case 'number':
      if (!Number.isSafeInteger(value)) throw new CanonicalJsonError(`number without exact form: ${value}`);
      return String(value);
    case 'boolean':
      return value ? 'true' : 'false';
    case 'object':
      break;
    default:
      throw new CanonicalJsonError(`not JSON: ${typeof value}`);
  }
  if (value === null) return 'null';
  if (depth >= MAX_JSON_DEPTH) throw new CanonicalJsonError('nested too deeply');
  return Array.isArray(value) ? writeArray(value, depth + 1) : writeObject(value, depth + 1);
}

function writeString(text: string): string {
  if (!isAllowedString(text)) throw new CanonicalJsonError('string with NUL or unpaired surrogate');
  // JSON.stringify escapes exactly what RFC 8785 wants escaped once unpaired surrogates are excluded.
  return JSON.stringify(text);
}

function writeArray(elements: JsonValue[], depth: number): string {
  let text = '[';
  for (let index = 0; index < elements.length; index += 1) {
    const element = elements[index];
    if (element === undefined) throw new CanonicalJsonError('not JSON: undefined');
    text += index === 0 ? write(element, depth) : `,${write(element, depth)}`;
  }
  return `${text}]`;
}

function writeObject(members: { [key: string]: JsonValue }, depth: number): string {
  let text = '{';
  for (const name of sortedNames(members)) {
    const member = members[name];
    if (member === undefined) continue; // as in JSON.stringify; parsed JSON has no such members
    const separator = text.length === 1 ? '' : ',';
    text += `${separator}${writeString(name)}:${write(member, depth)}`;
  }
  return `${text}}`;
}

const SURROGATE = /[\ud800-\udfff]/;

/**
 * C sorts by UTF-8 bytes, which is the order of code points. The UTF-16 order of `sort()` is the same as long as
 * no name leaves the basic plane; contracts of the real world never do.
 */
function sortedNames(members: { [key: string]: JsonValue }): string[] {
  const names = Object.keys(members);
  if (names.length < 2) return names;
  if (!names.some((name) => SURROGATE.test(name))) return names.sort();
  return names.sort((a, b) => Buffer.compare(Buffer.from(a, 'utf8'), Buffer.from(b, 'utf8')));
}

/**
 * Hash of a JSON value: SHA-512 over the canonical text **and one zero byte** (conventions.md 8). Used for wallet
 * data, account restrictions and, after scrubbing, contracts.
 *
 * @returns 64 bytes
 * @throws CanonicalJsonError
 */
export function hashJson(value: JsonValue): Buffer {
  return sha512(Buffer.from(canonicalJson(value), 'utf8'), ZERO_BYTE);
}

/**
 * Salted hash of a JSON value, as for forgettable members (conventions.md 9).
 *
 * @param salt already with the zero byte where one belongs to it
 * @returns 64 bytes
 */
export function hashJsonSalted(value: JsonValue, salt: Uint8Array): Buffer {
  const ikm = Buffer.concat([Buffer.from(canonicalJson(value), 'utf8'), ZERO_BYTE]);
  return hkdf({ salt, ikm, length: HASH_BYTES });
}

/** h_policy of a deposit with a policy (conventions.md 9). */
export function hashPolicy(policy: JsonValue): Buffer {
  return hashJsonSalted(policy, POLICY_SALT);
}

/** h_manifests of the `extensions` member of /keys (crypto.md 5, purpose 1031). */
export function hashExtensionManifests(extensions: JsonValue): Buffer {
  return hashJsonSalted(extensions, MANIFESTS_SALT);
}
