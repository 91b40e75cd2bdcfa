import { Injectable } from '@nestjs/common';
import type { PoolClient } from 'pg';
import { setTimeout as delay } from 'node:timers/promises';
import { DataSource } from 'typeorm';
import { TalerCode } from '../../taler/error-codes';
import { TalerError } from '../../taler/taler-error';
import { Metrics } from '../observability/metrics';
import { isRetryable } from './pg-errors';
import { Tx } from './tx';

/** Runs of one closure, the first included. */
const ATTEMPTS_MAX = 5;
const RETRY_DELAY_MS_MAX = 50;

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
   * @throws TalerError GENERIC_DB_SOFT_FAILURE when every attempt collided; whatever `work` throws otherwise
   */
  async run<T>(name: string, work: (tx: Tx) => Promise<T>): Promise<T> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.once(work);
      } catch (error) {
        if (!isRetryable(error)) throw error;
        this.metrics.transactionRetries.inc({ name });
        if (attempt >= ATTEMPTS_MAX) {
          throw new TalerError(TalerCode.GENERIC_DB_SOFT_FAILURE, { detail: name, cause: error });
        }
        await delay(Math.random() * RETRY_DELAY_MS_MAX);
      }
    }
  }

  private async once<T>(work: (tx: Tx) => Promise<T>): Promise<T> {
    const runner = this.dataSource.createQueryRunner();
    try {
      const client = (await runner.connect()) as PoolClient;
      await runner.startTransaction();
      const tx = new Tx(client, runner.manager);
      let result: T;
      try {
        result = await work(tx);
        await runner.commitTransaction();
      } catch (error) {
        await runner.rollbackTransaction().catch(() => undefined);
        throw error;
      }
      tx.committed();
      return result;
    } finally {
      await runner.release();
    }
  }
}
