import { Amount, parseAmount } from '../taler/amount';
import { decodeBase32 } from '../taler/base32';
import { isJsonObject, JsonObject, JsonValue } from '../taler/json';
import { parseRelativeTime, parseTimestamp, RelativeTime, Timestamp } from '../taler/timestamp';

/** A reply of an exchange as typed value, or the JSON path of the first member that is not as the protocol wants it. */
export type Decoded<T> = { ok: true; value: T } | { ok: false; path: string };

/** Longest text member we keep: payto URIs, regular expressions and rule names stay far below. */
export const TEXT_LENGTH_MAX = 4096;

/** Raised inside decoders only; `decode` turns it into a value. */
class MalformedMember extends Error {
  constructor(readonly path: string) {
    super(`malformed member ${path}`);
  }
}

/**
 * Runs a decoder over the body of a reply. Members the decoder does not ask for are ignored (conventions.md 5.1).
 *
 * @param body what the exchange sent; `undefined` when it sent nothing readable
 * @param currency when given, every amount must be in it
 */
export function decode<T>(
  body: JsonValue | undefined,
  decoder: (reader: ReplyReader) => T,
  currency?: string,
): Decoded<T> {
  if (!isJsonObject(body)) return { ok: false, path: '$' };
  try {
    return { ok: true, value: decoder(new ReplyReader(body, '$', currency)) };
  } catch (error) {
    if (error instanceof MalformedMember) return { ok: false, path: error.path };
    throw error;
  }
}

/** Reads the members of one JSON object strictly: what is absent or ill-typed ends the decoding with its path. */
export class ReplyReader {
  constructor(
    private readonly members: JsonObject,
    readonly path: string,
    private readonly currency: string | undefined,
  ) {}

  /** The same object, whose amounts must now be in `currency`. */
  inCurrency(currency: string): ReplyReader {
    return new ReplyReader(this.members, this.path, currency);
  }

  /** A member that is null counts as absent where it is optional (conventions.md 5.1). */
  has(name: string): boolean {
    const value = this.members[name];
    return value !== undefined && value !== null;
  }

  /** The member as it stands, for what is passed on or hashed unread. */
  raw(name: string): JsonValue {
    const value = this.members[name];
    if (value === undefined) return this.fail(name);
    return value;
  }

  names(): string[] {
    return Object.keys(this.members);
  }

  text(name: string): string {
    const value = this.members[name];
    if (typeof value !== 'string' || value.length > TEXT_LENGTH_MAX) return this.fail(name);
    return value;
  }

  /** A non-negative integer that a JavaScript number holds exactly. */
  integer(name: string): number {
    const value = this.members[name];
    if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 0) return this.fail(name);
    return value;
  }

  /** Any finite JSON number; only `stefan_lin` is one (exchange.md 12, trap 7). */
  real(name: string): number {
    const value = this.members[name];
    if (typeof value !== 'number' || !Number.isFinite(value)) return this.fail(name);
    return value;
  }

  flag(name: string): boolean {
    const value = this.members[name];
    if (typeof value !== 'boolean') return this.fail(name);
    return value;
  }

  bytes(name: string, length: number): Buffer {
    const value = this.members[name];
    const bytes = typeof value === 'string' ? decodeBase32(value, length) : undefined;
    return bytes ?? this.fail(name);
  }

  /** Amounts may be zero: `EUR:0` is a value and not an absence (exchange.md 12, trap 8). */
  amount(name: string): Amount {
    const amount = parseAmount(this.members[name]);
    if (amount === undefined) return this.fail(name);
    if (this.currency !== undefined && amount.currency !== this.currency) return this.fail(name);
    return amount;
  }

  timestamp(name: string): Timestamp {
    return parseTimestamp(this.members[name]) ?? this.fail(name);
  }

  duration(name: string): RelativeTime {
    return parseRelativeTime(this.members[name]) ?? this.fail(name);
  }

  object(name: string): ReplyReader {
    const value = this.members[name];
    if (!isJsonObject(value)) return this.fail(name);
    return new ReplyReader(value, `${this.path}.${name}`, this.currency);
  }

  /** An array of objects with at most `limit` elements. */
  objects(name: string, limit: number): ReplyReader[] {
    const value = this.members[name];
    if (!Array.isArray(value) || value.length > limit) return this.fail(name);
    return value.map((element, index) => {
      const path = `${this.path}.${name}[${index}]`;
      if (!isJsonObject(element)) throw new MalformedMember(path);
      return new ReplyReader(element, path, this.currency);
    });
  }

  /** An array of objects that may be left out altogether. */
  optionalObjects(name: string, limit: number): ReplyReader[] {
    return this.has(name) ? this.objects(name, limit) : [];
  }

  /** `read` applied to this reader, or `undefined` when the member is absent or null. */
  optional<T>(name: string, read: (reader: ReplyReader) => T): T | undefined {
    return this.has(name) ? read(this) : undefined;
  }

  /** Ends the decoding: `name` does not hold what the protocol says. */
  fail(name: string): never {
    throw new MalformedMember(`${this.path}.${name}`);
  }
}
