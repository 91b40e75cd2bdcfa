import type { PoolClient } from 'pg';
import type { EntityManager } from 'typeorm';
import type { Statement } from './database';
import { statementFault } from './database-fault';

/**
 * An open transaction. Every repository method that writes takes one as its first argument, so the compiler
 * refuses a write outside a transaction and nobody reaches for a second connection by accident.
 */
export class Tx {
  private readonly callbacks: (() => void)[] = [];

  constructor(
    private readonly client: PoolClient,
    /** TypeORM's view of the same connection, for repositories that work with entities. */
    readonly manager: EntityManager,
  ) {}

  /**
   * Runs one prepared statement inside the transaction.
   * @throws DatabaseFault
   */
  async query<Row>(statement: Statement, values: readonly unknown[]): Promise<Row[]> {
    const { name, text } = statement;
    try {
      const result = await this.client.query({ name, text, values: values as unknown[] });
      return result.rows as Row[];
    } catch (error) {
      throw statementFault(error, statement);
    }
  }

  /** Registers work that runs only once COMMIT has succeeded: wake-ups, never facts. */
  afterCommit(callback: () => void): void {
    this.callbacks.push(callback);
  }

  /** @internal called by the Transactor alone */
  committed(): void {
    for (const callback of this.callbacks) callback();
  }
}
