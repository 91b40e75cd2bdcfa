import { readFileSync } from 'node:fs';

export type Environment = Readonly<Record<string, string | undefined>>;

/** Faulty configuration: one message that lists every fault. */
export class ConfigError extends Error {
  constructor(readonly faults: readonly string[]) {
    super(`The configuration is faulty:\n${faults.map((fault) => `  - ${fault}`).join('\n')}`);
    this.name = 'ConfigError';
  }
}

/** Reads variables one by one and collects every fault instead of stopping at the first. */
export class EnvironmentReader {
  readonly faults: string[] = [];
  private readonly texts = new Map<string, string | undefined>();
  constructor(private readonly environment: Environment) {}

  /** The value of `name`, or the content of the file that `name_FILE` points to; blank is absent. */
  text(name: string): string | undefined {
    // Read once, so that a fault of the file is listed once.
    if (!this.texts.has(name)) this.texts.set(name, this.read(name));
    return this.texts.get(name);
  }

  private read(name: string): string | undefined {
    const direct = this.environment[name];
    const file = this.environment[`${name}_FILE`];
    if (direct && file) {
      this.faults.push(`${name} and ${name}_FILE are both set; keep one`);
      return undefined;
    }
    if (!file) return direct?.trim() || undefined;
    try {
      return readFileSync(file, 'utf8').trim() || undefined;
    } catch (error) {
      this.faults.push(`${name}_FILE cannot be read: ${(error as Error).message}`);
      return undefined;
    }
  }

  /** The parsed value, or the fault that `parse` describes; the value itself is never quoted (it may be secret). */
  parsed<T>(name: string, parse: (text: string) => T | undefined, wanted: string): T | undefined {
    const text = this.text(name);
    if (text === undefined) return undefined;
    const value = parse(text);
    if (value === undefined) this.faults.push(`${name} must be ${wanted}`);
    return value;
  }

  integer(name: string, minimum: number, maximum: number, fallback: number): number {
    const parse = (text: string) => {
      const value = /^\d{1,9}$/.test(text) ? Number(text) : undefined;
      return value !== undefined && value >= minimum && value <= maximum ? value : undefined;
    };
    return this.parsed(name, parse, `a whole number from ${minimum} to ${maximum}`) ?? fallback;
  }
}
