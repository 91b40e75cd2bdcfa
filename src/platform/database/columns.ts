import { Column, ColumnOptions, ValueTransformer } from 'typeorm';

const bigintText: ValueTransformer = {
  to: (value: bigint | null | undefined) => (typeof value === 'bigint' ? value.toString() : value),
  from: (value: string | null) => (value === null ? null : BigInt(value)),
};

/** int8: microseconds (never = the largest int8, so comparisons work in SQL) or a serial. As bigint in code. */
export const BigintColumn = (name: string, options: ColumnOptions = {}) =>
  Column({ name, type: 'int8', transformer: bigintText, ...options });

/** numeric(24,0): an amount in units of 10^-8; a Taler amount reaches 2^52 * 10^8, more than int8 holds. */
export const UnitsColumn = (name: string, options: ColumnOptions = {}) =>
  Column({ name, type: 'numeric', precision: 24, scale: 0, transformer: bigintText, ...options });

/** bytea: keys, hashes, signatures. */
export const BytesColumn = (name: string, options: ColumnOptions = {}) =>
  Column({ name, type: 'bytea', ...options });

export const TextColumn = (name: string, options: ColumnOptions = {}) =>
  Column({ name, type: 'text', ...options });
