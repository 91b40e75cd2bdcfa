import { Injectable } from '@nestjs/common';
import type { Pool } from 'pg';
import { DataSource } from 'typeorm';

/** A statement with a name, prepared once per connection. `values` are bound, never spliced in. */
export interface Statement {
  readonly name: string;
  readonly text: string;
}

/**
 * Single statements on the pool that TypeORM owns, as named prepared statements.
 *
 * TypeORM's own query path parses the SQL anew for each call and wraps it in a query runner; on the paths that
 * wallets and tills poll that was most of the time a request took, so the repositories of orders and payments
 * speak to the pool directly. One call is one statement in its own commit.
 */
@Injectable()
export class Database {
  private readonly pool: Pool;

  constructor(dataSource: DataSource) {
    this.pool = (dataSource.driver as unknown as { master: Pool }).master;
  }

  /** Runs one prepared statement in its own commit and returns its rows. int8 and numeric arrive as text. */
  async query<Row>(statement: Statement, values: readonly unknown[]): Promise<Row[]> {
    const result = await this.pool.query({
      name: statement.name,
      text: statement.text,
      values: values as unknown[],
    });
    return result.rows as Row[];
  }
}
