/** Protocol version in the manner of libtool (conventions.md 6). */
export interface ProtocolVersion {
  readonly current: number;
  /** Says nothing about compatibility. */
  readonly revision: number;
  /** How many versions before `current` are still understood. */
  readonly age: number;
}

const VERSION_TEXT = /^(\d{1,9}):(\d{1,9}):(\d{1,9})$/;

/** Reads `C:R:A`. @returns undefined if malformed, or if the age goes back beyond version 0 */
export function parseVersion(text: string): ProtocolVersion | undefined {
  const match = VERSION_TEXT.exec(text);
  if (match === null) return undefined;
  const [current, revision, age] = match.slice(1).map(Number);
  if (current === undefined || revision === undefined || age === undefined || age > current) return undefined;
  return { current, revision, age };
}

/** True if the versions both sides understand overlap: `C - A <= c` and `c - a <= C`. */
export function isCompatible(server: ProtocolVersion, client: ProtocolVersion): boolean {
  return server.current - server.age <= client.current && client.current - client.age <= server.current;
}
