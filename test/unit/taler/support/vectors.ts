import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Amount, parseAmount } from '../../../../src/taler/amount';
import { decodeBase32, decodeBase32Variable } from '../../../../src/taler/base32';
import { isJsonObject, type JsonObject, type JsonValue } from '../../../../src/taler/json';
import { parseTimestamp, type Timestamp } from '../../../../src/taler/timestamp';

const VECTORS = join('test', 'vectors');
const FIXTURES = join('test', 'fixtures', 'exchange');

function readJson(path: string): JsonObject {
  const parsed: unknown = JSON.parse(readFileSync(path, 'utf8'));
  if (!isJsonObject(parsed)) throw new Error(`${path} is no object`);
  return parsed;
}

export function readVectors(name: string): Cursor {
  return new Cursor(readJson(join(VECTORS, name)), name);
}

export function readFixture(name: string): Cursor {
  return new Cursor(readJson(join(FIXTURES, name)), name);
}

/** Names of the recordings, without the body of /keys that stands alone. */
export function fixtureNames(): string[] {
  return readdirSync(FIXTURES).filter((name) => /^\d.*\.json$/.test(name));
}

/** Walks through untyped JSON and complains with the path when something is not as expected. */
export class Cursor {
  constructor(
    readonly value: JsonValue | undefined,
    private readonly path: string,
  ) {}

  at(...steps: Array<string | number>): Cursor {
    return steps.reduce<Cursor>((cursor, step) => cursor.step(step), this);
  }

  private step(step: string | number): Cursor {
    const path = `${this.path}.${step}`;
    if (typeof step === 'number' && Array.isArray(this.value)) return new Cursor(this.value[step], path);
    if (typeof step === 'string' && isJsonObject(this.value)) return new Cursor(this.value[step], path);
    throw new Error(`${path}: no such place`);
  }

  get exists(): boolean {
    return this.value !== undefined && this.value !== null;
  }

  has(name: string): boolean {
    return isJsonObject(this.value) && this.value[name] !== undefined && this.value[name] !== null;
  }

  get items(): Cursor[] {
    if (!Array.isArray(this.value)) throw new Error(`${this.path}: no array`);
    return this.value.map((element, index) => new Cursor(element, `${this.path}.${index}`));
  }

  get object(): JsonObject {
    if (!isJsonObject(this.value)) throw new Error(`${this.path}: no object`);
    return this.value;
  }

  get json(): JsonValue {
    if (this.value === undefined) throw new Error(`${this.path}: absent`);
    return this.value;
  }

  get text(): string {
    if (typeof this.value !== 'string') throw new Error(`${this.path}: no string`);
    return this.value;
  }

  get number(): number {
    if (typeof this.value !== 'number') throw new Error(`${this.path}: no number`);
    return this.value;
  }

  get hex(): Buffer {
    return Buffer.from(this.text, 'hex');
  }

  get amount(): Amount {
    return this.must(parseAmount(this.text));
  }

  get time(): Timestamp {
    return this.must(parseTimestamp(this.value));
  }

  /** Seconds as a bare number. */
  get seconds(): Timestamp {
    return BigInt(this.number) * 1_000_000n;
  }

  bytes(length: number): Buffer {
    return this.must(decodeBase32(this.text, length));
  }

  get key(): Buffer {
    return this.bytes(32);
  }

  get hash(): Buffer {
    return this.bytes(64);
  }

  get variable(): Buffer {
    return this.must(decodeBase32Variable(this.text));
  }

  /** Absent or null becomes undefined. */
  optional<T>(read: (cursor: Cursor) => T): T | undefined {
    return this.exists ? read(this) : undefined;
  }

  must<T>(result: T | undefined): T {
    if (result === undefined) throw new Error(`${this.path}: malformed`);
    return result;
  }
}
