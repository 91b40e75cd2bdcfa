import { encodeBase32 } from './base32';
import { CanonicalJsonError, hashJson, hashJsonSalted } from './canonical-json';
import { isJsonObject, type JsonObject, type JsonValue, MAX_JSON_DEPTH } from './json';

const FORGETTABLE = '$forgettable';
const FORGOTTEN = '$forgotten';
const MEMBER_NAME = /^[0-9A-Za-z_]+$/;
const HASH_CHARACTERS = 103;
const MAX_PATH_STEPS = 32;

/** Contract terms that cannot be hashed, salted or forgotten as asked (conventions.md 9). */
export class ContractError extends Error {
  constructor(
    /** `malformed`: the terms break a rule; `not-forgettable`: a path names a member that must stay. */
    readonly kind: 'malformed' | 'not-forgettable',
    message: string,
    /** Where, like `$.products[0].$forgettable`. */
    readonly path: string,
  ) {
    super(`${path}: ${message}`);
    this.name = 'ContractError';
  }
}

/** One step of a path into contract terms. */
export type ForgetStep =
  | { readonly kind: 'member'; readonly name: string }
  | { readonly kind: 'element'; readonly index: number }
  | { readonly kind: 'every-element' };

/** At least one step; the last one names a member. */
export type ForgetPath = readonly ForgetStep[];

/**
 * Contract hash: forgettable members count by their salted hash, so that the hash stays when they are forgotten.
 *
 * @returns 64 bytes
 * @throws ContractError (malformed) if `$forgettable` or `$forgotten` have the wrong form, or if the terms have no
 *   canonical form
 */
export function hashContract(terms: JsonValue): Buffer {
  return asContractError('$', () => hashJson(scrub(terms, '$', 0)));
}

function asContractError<T>(path: string, compute: () => T): T {
  try {
    return compute();
  } catch (error) {
    if (error instanceof CanonicalJsonError) throw new ContractError('malformed', error.message, path);
    throw error;
  }
}

/** Procedure scrub of conventions.md 9: all forgettable members replaced by their hashes. */
function scrub(value: JsonValue, path: string, depth: number): JsonValue {
  if (typeof value !== 'object' || value === null) return value;
  if (depth >= MAX_JSON_DEPTH) throw new ContractError('malformed', 'nested too deeply', '$');
  if (Array.isArray(value))
    return value.map((element, index) => scrub(element, `${path}[${index}]`, depth + 1));
  const salts = memberObject(value, FORGETTABLE, path);
  const known = memberObject(value, FORGOTTEN, path);
  const hashes = new Map(Object.entries(known ?? {}));
  const kept: Array<[string, JsonValue]> = [];
  for (const [name, member] of Object.entries(value)) {
    if (name === FORGETTABLE || name === FORGOTTEN || ownMember(known, name) !== undefined) continue;
    const scrubbed = scrub(member, `${path}.${name}`, depth + 1);
    const salt = ownMember(salts, name);
    if (salt === undefined) kept.push([name, scrubbed]);
    else hashes.set(name, encodeBase32(hashMember(scrubbed, salt, `${path}.${FORGETTABLE}.${name}`)));
  }
  if (known !== undefined || hashes.size > 0) kept.push([FORGOTTEN, Object.fromEntries(hashes)]);
  // fromEntries, as assignment would take a member called __proto__ for the prototype.
  return Object.fromEntries(kept);
}

/** Hash of a scrubbed member; the salt is hashed as the text it is, with its zero byte. */
function hashMember(scrubbed: JsonValue, salt: JsonValue, path: string): Buffer {
  if (typeof salt !== 'string') throw new ContractError('malformed', 'salt is not a string', path);
  return hashJsonSalted(scrubbed, Buffer.from(`${salt}\0`, 'utf8'));
}

function memberObject(object: JsonObject, name: string, path: string): JsonObject | undefined {
  const member = ownMember(object, name);
  if (member === undefined || isJsonObject(member)) return member;
  throw new ContractError('malformed', 'not an object', `${path}.${name}`);
}

/** Own members only: `constructor` is a legal name for a member. */
function ownMember(object: JsonObject | undefined, name: string): JsonValue | undefined {
  return object !== undefined && Object.hasOwn(object, name) ? object[name] : undefined;
}

/**
 * Turns a posted order into contract terms as far as forgetting goes: every `true` in a `$forgettable` becomes a
 * salt, at any depth. Names that do not exist are refused, because wallets break on them.
 *
 * @param makeSalt a fresh salt: base32 of 32 random bytes
 * @returns a copy with the same order of members
 * @throws ContractError (malformed)
 */
export function saltForgettable(order: JsonObject, makeSalt: () => string): JsonObject {
  return saltObject(order, makeSalt, '$', 0);
}

function saltValue(value: JsonValue, makeSalt: () => string, path: string, depth: number): JsonValue {
  if (typeof value !== 'object' || value === null) return value;
  if (depth >= MAX_JSON_DEPTH) throw new ContractError('malformed', 'nested too deeply', '$');
  if (!Array.isArray(value)) return saltObject(value, makeSalt, path, depth);
  return value.map((element, index) => saltValue(element, makeSalt, `${path}[${index}]`, depth + 1));
}

function saltObject(object: JsonObject, makeSalt: () => string, path: string, depth: number): JsonObject {
  const forgotten = memberObject(object, FORGOTTEN, path);
  if (forgotten !== undefined) checkForgotten(forgotten, `${path}.${FORGOTTEN}`);
  const salts = memberObject(object, FORGETTABLE, path) ?? {};
  const members = Object.entries(object).map(([name, member]): [string, JsonValue] => {
    if (name === FORGOTTEN) return [name, member];
    if (name === FORGETTABLE) return [name, saltNames(salts, object, makeSalt, `${path}.${name}`)];
    return [name, saltValue(member, makeSalt, `${path}.${name}`, depth + 1)];
  });
  return Object.fromEntries(members);
}

function checkForgotten(forgotten: JsonObject, path: string): void {
  for (const [name, hash] of Object.entries(forgotten)) {
    if (typeof hash !== 'string' || hash.length !== HASH_CHARACTERS || !MEMBER_NAME.test(name)) {
      throw new ContractError('malformed', 'not the hash of a member', `${path}.${name}`);
    }
  }
}

function saltNames(salts: JsonObject, object: JsonObject, makeSalt: () => string, path: string): JsonObject {
  const forgotten = isJsonObject(object[FORGOTTEN]) ? object[FORGOTTEN] : undefined;
  const salted = Object.entries(salts).map(([name, salt]): [string, string] => {
    const where = `${path}.${name}`;
    if (!MEMBER_NAME.test(name)) throw new ContractError('malformed', 'illegal member name', where);
    if (ownMember(object, name) === undefined) throw new ContractError('malformed', 'no such member', where);
    if (ownMember(forgotten, name) !== undefined)
      throw new ContractError('malformed', 'forgotten already', where);
    if (salt === true) return [name, makeSalt()];
    if (typeof salt === 'string') return [name, salt];
    throw new ContractError('malformed', 'neither true nor a salt', where);
  });
  return Object.fromEntries(salted);
}

/** Steps as in `$.wire_fee`, `$.products[0].description` and `$.products[*].description`. */
const PATH_TEXT = /^\$(?:\.[0-9A-Za-z_]+(?:\[(?:\d{1,9}|\*)\])*)*\.[0-9A-Za-z_]+$/;
const PATH_STEP = /\.([0-9A-Za-z_]+)|\[(?:(\d{1,9})|\*)\]/g;

/** Reads a path of a forget request. @returns undefined if malformed or if it ends in an array element */
export function parseForgetPath(path: string): ForgetPath | undefined {
  if (!PATH_TEXT.test(path)) return undefined;
  const steps = [...path.matchAll(PATH_STEP)].map(([, name, index]): ForgetStep => {
    if (name !== undefined) return { kind: 'member', name };
    return index === undefined ? { kind: 'every-element' } : { kind: 'element', index: Number(index) };
  });
  return steps.length > MAX_PATH_STEPS ? undefined : steps;
}

/** What a forget request did: removed something, found all of it gone already, or matched nothing. */
export type ForgetOutcome = 'forgotten' | 'already' | 'nothing';

/**
 * Forgets the members a path names; the contract hash stays the same. The given terms are not changed.
 *
 * @throws ContractError (not-forgettable) if one of them exists and is not forgettable; nothing is forgotten then
 */
export function forget(terms: JsonObject, path: ForgetPath): { terms: JsonObject; outcome: ForgetOutcome } {
  const outcomes = new Set<ForgetOutcome>();
  const changed = asContractError('$', () => forgetBelow(terms, path, '$', outcomes));
  const outcome =
    (['forgotten', 'already'] as const).find((candidate) => outcomes.has(candidate)) ?? 'nothing';
  return { terms: isJsonObject(changed) ? changed : terms, outcome };
}

function forgetBelow(
  value: JsonValue,
  path: ForgetPath,
  where: string,
  outcomes: Set<ForgetOutcome>,
): JsonValue {
  const [step, ...rest] = path;
  if (step === undefined) return value;
  if (step.kind !== 'member') {
    if (!Array.isArray(value)) return value;
    return value.map((element, index) => {
      const named = step.kind === 'every-element' || step.index === index;
      return named ? forgetBelow(element, rest, `${where}[${index}]`, outcomes) : element;
    });
  }
  if (!isJsonObject(value)) return value;
  if (rest.length === 0) return forgetMember(value, step.name, where, outcomes);
  const member = ownMember(value, step.name);
  if (member === undefined) return value;
  const changed = forgetBelow(member, rest, `${where}.${step.name}`, outcomes);
  return Object.fromEntries(
    Object.entries(value).map(([name, kept]) => [name, name === step.name ? changed : kept]),
  );
}

function forgetMember(
  object: JsonObject,
  name: string,
  where: string,
  outcomes: Set<ForgetOutcome>,
): JsonObject {
  const path = `${where}.${name}`;
  const forgotten = memberObject(object, FORGOTTEN, where);
  if (ownMember(forgotten, name) !== undefined) {
    outcomes.add('already');
    return object;
  }
  const member = ownMember(object, name);
  if (member === undefined) return object;
  const salts = memberObject(object, FORGETTABLE, where);
  const salt = ownMember(salts, name);
  if (salt === undefined) throw new ContractError('not-forgettable', 'member is not forgettable', path);
  const hash = encodeBase32(hashMember(scrub(member, path, 0), salt, `${where}.${FORGETTABLE}.${name}`));
  outcomes.add('forgotten');
  const remaining = Object.entries(object).filter(([other]) => other !== name && other !== FORGOTTEN);
  const kept = remaining.map(([other, value]): [string, JsonValue] =>
    other === FORGETTABLE ? [other, without(salts ?? {}, name)] : [other, value],
  );
  return Object.fromEntries([...kept, [FORGOTTEN, { ...forgotten, [name]: hash }]]);
}

function without(object: JsonObject, name: string): JsonObject {
  return Object.fromEntries(Object.entries(object).filter(([other]) => other !== name));
}
