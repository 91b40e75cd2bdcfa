import { Injectable } from '@nestjs/common';
import type { PoolClient } from 'pg';
import { DataSource, QueryRunner } from 'typeorm';
import { TalerCode } from '../../taler/error-codes';
import { TalerError } from '../../taler/taler-error';
import { Metrics } from '../observability/metrics';
import { beginFault, commitFault, databaseFaultOf } from './database-fault';
import { isRetryable } from './pg-errors';
import { retryCollisions } from './retry';
import { Tx } from './tx';

/**
 * Runs work in a transaction (READ COMMITTED; decisions are made under row locks).
 *
 * Lock order, the same everywhere so that no two transactions wait for each other in a circle:
 * instance -> order -> payment attempt -> product, rows of one kind sorted by serial.
 */
@Injectable()
export class Transactor {
  constructor(
    private readonly dataSource: DataSource,
    private readonly metrics: Metrics,
  ) {}

  /**
   * BEGIN, `work`, COMMIT. The whole closure is run again after a serialization failure or deadlock, so it must
   * touch the database and nothing else.
   * @param name what the transaction is for; label of its metric
   * @throws TalerError GENERIC_DB_SOFT_FAILURE when every attempt collided; DatabaseFault when the database cannot do
   *   it; whatever `work` throws otherwise
   */
  async run<T>(name: string, work: (tx: Tx) => Promise<T>): Promise<T> {
    try {
      return await retryCollisions(name, this.metrics, () => this.once(work));
    } catch (error) {
      if (!isRetryable(error)) throw error;
      throw new TalerError(TalerCode.GENERIC_DB_SOFT_FAILURE, { detail: name, cause: error });
    }
  }

  private async once<T>(work: (tx: Tx) => Promise<T>): Promise<T> {
    const runner = this.dataSource.createQueryRunner();
    try {
      const tx = await begin(runner);
      let result: T;
      try {
        result = await work(tx);
        await commit(runner);
      } catch (error) {
        await runner.rollbackTransaction().catch(() => undefined);
        // What the entity manager throws shows the statement with all its values.
        throw databaseFaultOf(error) ?? error;
      }
      tx.committed();
      return result;
    } finally {
      await runner.release();
    }
  }
}

async function begin(runner: QueryRunner): Promise<Tx> {
  try {
    const client = (await runner.connect()) as PoolClient;
    await runner.startTransaction();
    return new Tx(client, runner.manager);
  } catch (error) {
    throw beginFault(error);
  }
}

async function commit(runner: QueryRunner): Promise<void> {
  try {
    await runner.commitTransaction();
  } catch (error) {
    throw commitFault(error);
  }
}
