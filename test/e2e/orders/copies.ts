import type { TestDatabase } from '../../support/database';

/**
 * Copies of an order, as many as no test could post: the same in all but id and what `changed` says.
 * @param changed column -> SQL expression of the copy's number `n`, from 1
 */
export async function copyOrder(
  database: TestDatabase,
  orderId: string,
  count: number,
  changed: Readonly<Record<string, string>> = {},
): Promise<void> {
  const columns = await database.query<{ column_name: string }>(
    `select column_name from information_schema.columns
      where table_name = 'orders' and column_name not in ('serial', 'order_id') order by ordinal_position`,
  );
  const names = columns.map(({ column_name: name }) => name);
  await database.query(
    `insert into orders (order_id, ${names.join(', ')})
      select order_id || '-' || n, ${names.map((name) => changed[name] ?? name).join(', ')}
        from orders, generate_series(1, $2::int) as n where order_id = $1`,
    [orderId, count],
  );
}
