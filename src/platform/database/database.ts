import { Injectable } from '@nestjs/common';
import { Query, type Pool, type QueryResult } from 'pg';
import { DataSource } from 'typeorm';
import { Metrics } from '../observability/metrics';
import { statementFault } from './database-fault';
import { retryCollisions } from './retry';

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

  constructor(
    dataSource: DataSource,
    private readonly metrics: Metrics,
  ) {
    this.pool = (dataSource.driver as unknown as { master: Pool }).master;
  }

  /**
   * Runs one prepared statement in its own commit and returns its rows. int8 and numeric arrive as text.
   * @throws DatabaseFault
   */
  query<Row>(statement: Statement, values: readonly unknown[]): Promise<Row[]> {
    return retryCollisions(statement.name, this.metrics, () => this.once<Row>(statement, values));
  }

  private async once<Row>(statement: Statement, values: readonly unknown[]): Promise<Row[]> {
    const { name, text } = statement;
    // Made here, as the pool would make it, to see in the end how far it came.
    const query = new Query({ name, text, values: values as unknown[] });
    try {
      const result = await (this.pool.query(query) as unknown as Promise<QueryResult>);
      return result.rows as Row[];
    } catch (error) {
      throw statementFault(error, statement, isExecuted(query));
    }
  }
}

/** Whether PostgreSQL reported the statement as done: an error after that is one of its commit. */
function isExecuted(query: Query): boolean {
  const { _result } = query as unknown as { _result?: { command?: string | null } };
  return typeof _result?.command === 'string';
}
