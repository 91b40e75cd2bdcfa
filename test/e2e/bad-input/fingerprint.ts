import type { TestDatabase } from '../../support/database';

/**
 * Kept copies of what exchanges publish: a bad request may well make the backend look for newer ones. And counts of
 * failed logins, which are what a bad request is counted by.
 */
const NOT_OURS = ['exchange_keys', 'rate_limits'];

/** Table -> digest over all of its rows. */
export type Fingerprint = Readonly<Record<string, string>>;

/** A function that takes the fingerprint of everything that is stored. */
export async function fingerprinter(database: TestDatabase): Promise<() => Promise<Fingerprint>> {
  const tables = await database.query<{ name: string }>(
    `select quote_ident(schemaname) || '.' || quote_ident(tablename) as name from pg_tables
      where schemaname not in ('pg_catalog', 'information_schema') and not tablename = any($1) order by 1`,
    [NOT_OURS],
  );
  if (tables.length === 0) throw new Error('there are no tables: the fingerprint would see nothing');
  const parts = tables.map(
    ({ name }) =>
      `select '${name}' as name, md5(coalesce(string_agg(r::text, chr(10) order by r::text), '')) as digest from ${name} r`,
  );
  const text = parts.join(' union all ');
  return async () => {
    const rows = await database.query<{ name: string; digest: string }>(text);
    return Object.fromEntries(rows.map(({ name, digest }) => [name.replace('public.', ''), digest]));
  };
}
