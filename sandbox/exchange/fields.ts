import { type Amount, parseAmount } from '../../src/taler/amount';
import { decodeBase32, decodeBase32Variable } from '../../src/taler/base32';
import { TalerCode } from '../../src/taler/error-codes';
import { isJsonObject, type JsonObject, type JsonValue } from '../../src/taler/json';
import { parsePayto } from '../../src/taler/payto';
import { parseTimestamp, type Timestamp } from '../../src/taler/timestamp';
import { Refusal } from './refusal';

/**
 * Reads the members of a request body one after the other. The first that is missing or wrong ends the request
 * with 400, code 22, its name in `field` and its place in the order of reading in `line` (conventions.md 7);
 * recordings 040, 045, 046, 050 show the places of the reference implementation.
 */
export class FieldReader {
  private readonly members: JsonObject;
  private line = -1;

  /** Anything but an object counts as an object without members, as recording 062 has it. */
  constructor(
    body: JsonValue | undefined,
    private readonly currency: string,
  ) {
    this.members = isJsonObject(body) ? body : {};
  }

  /** @param byteLength exact size of the value */
  bytes(name: string, byteLength: number): Buffer {
    return this.required(name, (value) => decodeText(value, byteLength));
  }

  optionalBytes(name: string, byteLength: number): Buffer | undefined {
    return this.optional(name, (value) => decodeText(value, byteLength));
  }

  amount(name: string): Amount {
    return this.required(name, (value) => {
      const amount = parseAmount(value);
      return amount?.currency === this.currency ? amount : undefined;
    });
  }

  timestamp(name: string): Timestamp {
    return this.required(name, parseTimestamp);
  }

  optionalTimestamp(name: string): Timestamp | undefined {
    return this.optional(name, parseTimestamp);
  }

  /** A full payto URI with all that validation asks for (conventions.md 10), as given. */
  payto(name: string): string {
    return this.required(name, (value) =>
      typeof value === 'string' && parsePayto(value) !== undefined ? value : undefined,
    );
  }

  array(name: string): JsonValue[] {
    return this.required(name, (value) => (Array.isArray(value) ? value : undefined));
  }

  optionalObject(name: string): JsonObject | undefined {
    return this.optional(name, (value) => (isJsonObject(value) ? value : undefined));
  }

  /** An integer from 0 that JSON carries exactly. */
  integer(name: string): bigint {
    return this.required(name, (value) =>
      typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? BigInt(value) : undefined,
    );
  }

  /** `{cipher: "RSA", [member]: base32}`: the bytes, of any length (crypto.md 6). */
  rsaValue(name: string, member: string): Buffer {
    return this.required(name, (value) => {
      if (!isJsonObject(value) || value.cipher !== 'RSA') return undefined;
      const text = value[member];
      return typeof text === 'string' ? decodeBase32Variable(text) : undefined;
    });
  }

  private required<T>(name: string, parse: (value: JsonValue) => T | undefined): T {
    this.line += 1;
    const value = this.members[name];
    const parsed = value === undefined ? undefined : parse(value);
    if (parsed === undefined) throw this.refusal(name);
    return parsed;
  }

  // Null counts as absent where a member is optional (conventions.md 5.1).
  private optional<T>(name: string, parse: (value: JsonValue) => T | undefined): T | undefined {
    this.line += 1;
    const value = this.members[name];
    if (value === undefined || value === null) return undefined;
    const parsed = parse(value);
    if (parsed === undefined) throw this.refusal(name);
    return parsed;
  }

  private refusal(name: string): Refusal {
    return new Refusal(TalerCode.GENERIC_JSON_INVALID, { field: name, line: this.line });
  }
}

function decodeText(value: JsonValue, byteLength: number): Buffer | undefined {
  return typeof value === 'string' ? decodeBase32(value, byteLength) : undefined;
}
