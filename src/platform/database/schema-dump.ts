import type { DataSource } from 'typeorm';

/** The schema of our tables; the job queue keeps its own in `graphile_worker`. */
const SCHEMA = 'public';

interface ColumnRow {
  readonly table: string;
  readonly name: string;
  readonly type: string;
  readonly not_null: boolean;
  readonly identity: '' | 'a' | 'd';
  readonly generated: '' | 's';
  readonly default: string | null;
}

interface NamedRow {
  readonly table: string;
  readonly name: string;
  readonly definition: string;
}

interface SequenceRow {
  readonly name: string;
  readonly type: string;
  readonly owner: string | null;
}

/** Partitions and foreign tables would need more than this; nothing here uses them. */
const COLUMNS = `
  select quote_ident(c.relname) as table, quote_ident(a.attname) as name, format_type(a.atttypid, a.atttypmod) as type,
    a.attnotnull as not_null, a.attidentity as identity, a.attgenerated as generated,
    pg_get_expr(d.adbin, d.adrelid) as default
  from pg_class c
    join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
    left join pg_attrdef d on d.adrelid = c.oid and d.adnum = a.attnum
  where c.relnamespace = $1::regnamespace and c.relkind = 'r'
  order by c.relname collate "C", a.attnum`;

/** Checks and keys before foreign keys, which need the keys of other tables; not-null stands with the column. */
const CONSTRAINTS = `
  select quote_ident(c.relname) as table, quote_ident(k.conname) as name, pg_get_constraintdef(k.oid) as definition
  from pg_constraint k join pg_class c on c.oid = k.conrelid
  where c.relnamespace = $1::regnamespace and k.contype in ('p', 'u', 'c', 'x', 'f')
  order by k.contype = 'f', c.relname collate "C", k.conname collate "C"`;

/** Those of constraints come with the constraint. */
const INDEXES = `
  select c.relname as table, i.relname as name, pg_get_indexdef(i.oid) as definition
  from pg_index x join pg_class i on i.oid = x.indexrelid join pg_class c on c.oid = x.indrelid
  where c.relnamespace = $1::regnamespace
    and not exists (select from pg_constraint k where k.conindid = i.oid and k.contype in ('p', 'u', 'x'))
  order by c.relname collate "C", i.relname collate "C"`;

/** Sequences of identity columns come with the column. */
const SEQUENCES = `
  select quote_ident(s.relname) as name, format_type(q.seqtypid, null) as type,
    case when d.objid is not null then quote_ident(o.relname) || '.' || quote_ident(a.attname) end as owner
  from pg_class s
    join pg_sequence q on q.seqrelid = s.oid
    left join pg_depend d on d.classid = 'pg_class'::regclass and d.objid = s.oid and d.deptype = 'a'
      and d.refclassid = 'pg_class'::regclass
    left join pg_class o on o.oid = d.refobjid
    left join pg_attribute a on a.attrelid = d.refobjid and a.attnum = d.refobjsubid
  where s.relnamespace = $1::regnamespace
    and not exists (select from pg_depend i where i.objid = s.oid and i.deptype = 'i')
  order by s.relname collate "C"`;

const FUNCTIONS = `
  select '' as table, p.proname as name, pg_get_functiondef(p.oid) as definition
  from pg_proc p where p.pronamespace = $1::regnamespace and p.prokind in ('f', 'p')
  order by p.proname collate "C", pg_get_function_identity_arguments(p.oid) collate "C"`;

const TRIGGERS = `
  select c.relname as table, t.tgname as name, pg_get_triggerdef(t.oid) as definition
  from pg_trigger t join pg_class c on c.oid = t.tgrelid
  where c.relnamespace = $1::regnamespace and not t.tgisinternal
  order by c.relname collate "C", t.tgname collate "C"`;

/** Kinds this dump has no words for: their presence must not go unnoticed. */
const UNTOLD = `
  select relname as name from pg_class where relnamespace = $1::regnamespace and relkind in ('v', 'm', 'p', 'f')
  union all
  select typname from pg_type t where typnamespace = $1::regnamespace and typtype in ('e', 'd', 'r')`;

/**
 * Writes our schema as SQL that makes it anew: sequences, tables, constraints, indexes, functions, triggers, each in
 * the order of names. Reads the catalog itself, so it needs no program of PostgreSQL.
 * @throws Error when the schema holds a kind of thing that the dump does not know
 */
export async function dumpSchema(dataSource: DataSource): Promise<string> {
  const ask = <Row>(query: string): Promise<Row[]> => dataSource.query<Row[]>(query, [SCHEMA]);
  const untold = await ask<{ name: string }>(UNTOLD);
  if (untold.length > 0) {
    throw new Error(`the dump does not know how to write: ${untold.map(({ name }) => name).join(', ')}`);
  }
  const sequences = await ask<SequenceRow>(SEQUENCES);
  const constraints = await ask<NamedRow>(CONSTRAINTS);
  const indexes = await ask<NamedRow>(INDEXES);
  const functions = await ask<NamedRow>(FUNCTIONS);
  const triggers = await ask<NamedRow>(TRIGGERS);
  const statements = [
    ...sequences.map(({ name, type }) => `create sequence ${name} as ${type};`),
    ...tables(await ask<ColumnRow>(COLUMNS)),
    ...sequences.flatMap(({ name, owner }) => (owner ? [`alter sequence ${name} owned by ${owner};`] : [])),
    ...constraints.map(
      ({ table, name, definition }) => `alter table ${table} add constraint ${name} ${definition};`,
    ),
    ...indexes.map(({ definition }) => `${unqualified(definition)};`),
    ...functions.map(({ definition }) => `${unqualified(definition).trimEnd()};`),
    ...triggers.map(({ definition }) => `${unqualified(definition)};`),
  ];
  return `${statements.join('\n')}\n`;
}

/** PostgreSQL writes the schema's name into these, whatever the search path. */
function unqualified(definition: string): string {
  return definition.replaceAll(new RegExp(`\\b${SCHEMA}\\.(?=\\w)`, 'g'), '');
}

function tables(columns: readonly ColumnRow[]): string[] {
  const byTable = new Map<string, ColumnRow[]>();
  for (const column of columns) byTable.set(column.table, [...(byTable.get(column.table) ?? []), column]);
  return [...byTable].map(
    ([table, members]) =>
      `create table ${table} (\n${members.map((each) => `  ${columnText(each)}`).join(',\n')}\n);`,
  );
}

function columnText(column: ColumnRow): string {
  const parts = [column.name, column.type];
  if (column.identity !== '')
    parts.push(`generated ${column.identity === 'a' ? 'always' : 'by default'} as identity`);
  else if (column.generated === 's') parts.push(`generated always as (${column.default}) stored`);
  else if (column.default !== null) parts.push(`default ${column.default}`);
  if (column.not_null) parts.push('not null');
  return parts.join(' ');
}
