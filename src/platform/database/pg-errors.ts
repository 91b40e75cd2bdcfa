/** SQLSTATE of an error of the driver, bare or wrapped. */
export function sqlState(error: unknown): string | undefined {
  const code = (error as { code?: unknown } | undefined)?.code;
  return typeof code === 'string' ? code : undefined;
}

/** Name of the constraint that an error of the driver, bare or wrapped, is about. */
export function constraintOf(error: unknown): string | undefined {
  const fields = error as { constraint?: string; driverError?: { constraint?: string } } | undefined;
  return fields?.constraint ?? fields?.driverError?.constraint;
}

/** True when `error` says that the named unique constraint was hit: a lost race, not a fault. */
export function isUniqueViolation(error: unknown, constraint: string): boolean {
  return sqlState(error) === '23505' && constraintOf(error) === constraint;
}

/** True for a serialization failure (40001) or a deadlock (40P01): the whole transaction may be run again. */
export function isRetryable(error: unknown): boolean {
  const state = sqlState(error);
  return state === '40001' || state === '40P01';
}
