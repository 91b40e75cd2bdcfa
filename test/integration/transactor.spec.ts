import { Client } from 'pg';
import { Database } from '../../src/platform/database/database';
import { isUniqueViolation } from '../../src/platform/database/pg-errors';
import { Transactor } from '../../src/platform/database/transactor';
import type { Tx } from '../../src/platform/database/tx';
import { Metrics } from '../../src/platform/observability/metrics';
import { TalerCode } from '../../src/taler/error-codes';
import { TalerError } from '../../src/taler/taler-error';
import { startTestServer, type TestServer } from '../support/app';
import { createTestDatabase, type TestDatabase } from '../support/database';

const READ = { name: 'test-read', text: 'select value from counters where id = $1' };
const READ_LOCKED = { name: 'test-read-locked', text: 'select value from counters where id = $1 for update' };
const WRITE = { name: 'test-write', text: 'update counters set value = $2 where id = $1' };
const SUM = { name: 'test-sum', text: 'select sum(value) as sum from counters' };
const SERIALIZABLE = { name: 'test-serializable', text: 'set transaction isolation level serializable' };
const FAIL = { name: 'test-fail', text: 'select test_fail($1)' };

describe('a transaction', () => {
  let database: TestDatabase;
  let server: TestServer;
  let transactor: Transactor;

  beforeAll(async () => {
    database = await createTestDatabase();
    server = await startTestServer({ database });
    transactor = server.app.get(Transactor);
    await database.query(
      `create table counters (id int4 constraint counters_pkey primary key, value int8 not null)`,
    );
    await database.query(`create function test_fail(state text) returns void language plpgsql as
      $$ begin raise exception using errcode = state; end $$`);
  });
  beforeEach(async () => {
    await database.query('truncate counters');
    await database.query('insert into counters values (1, 0), (2, 0)');
  });
  afterAll(async () => {
    await server?.close();
    await database?.drop();
  });

  const values = async () =>
    (await database.query<{ value: string }>('select value from counters order by id')).map(
      ({ value }) => value,
    );
  const retriesOf = async (name: string) => {
    const metric = await server.app.get(Metrics).transactionRetries.get();
    return metric.values.find(({ labels }) => labels.name === name)?.value ?? 0;
  };

  /** Lets both closures of a race reach the same point before either goes on; later runs pass at once. */
  function meetingPoint(count: number): () => Promise<void> {
    let arrived = 0;
    let open: () => void = () => undefined;
    const opened = new Promise<void>((resolve) => (open = resolve));
    return async () => {
      if (++arrived >= count) open();
      await opened;
    };
  }

  it('is run again after a real deadlock (40P01), and both of the two succeed', async () => {
    const meet = meetingPoint(2);
    const runs = { first: 0, second: 0 };
    const add = (name: 'first' | 'second', ids: [number, number]) =>
      transactor.run('test-deadlock', async (tx) => {
        runs[name]++;
        for (const [step, id] of ids.entries()) {
          const [row] = await tx.query<{ value: string }>(READ_LOCKED, [id]);
          if (step === 0) await meet();
          await tx.query(WRITE, [id, BigInt(row?.value ?? 0) + 1n]);
        }
      });
    await Promise.all([add('first', [1, 2]), add('second', [2, 1])]);
    expect(await values()).toEqual(['2', '2']);
    // The one that begins again may be quicker at the first row than the other, and then they meet once more.
    const retries = await retriesOf('test-deadlock');
    expect(retries).toBeGreaterThanOrEqual(1);
    expect(runs.first + runs.second).toBe(2 + retries);
  });

  it('is run again after a real serialization failure (40001), and no update is lost', async () => {
    const meet = meetingPoint(2);
    let runs = 0;
    // Each sums all rows and writes into one: only one after the other gives 0 + 1 and then 1 + 1.
    const add = (id: number) =>
      transactor.run('test-serialization', async (tx) => {
        runs++;
        await tx.query(SERIALIZABLE, []);
        const [row] = await tx.query<{ sum: string }>(SUM, []);
        await meet();
        await tx.query(WRITE, [id, BigInt(row?.sum ?? 0) + 1n]);
      });
    await Promise.all([add(1), add(2)]);
    expect((await values()).sort()).toEqual(['1', '2']);
    // The one that begins again may do so before the commit of the other is seen, and then it fails once more.
    const retries = await retriesOf('test-serialization');
    expect(retries).toBeGreaterThanOrEqual(1);
    expect(runs).toBe(2 + retries);
  });

  it.each(['40001', '40P01'])('gives up after five collisions (%s) with a Taler error', async (state) => {
    let runs = 0;
    const failing = transactor.run(`test-always-${state}`, async (tx) => {
      runs++;
      await tx.query(WRITE, [1, 99n]);
      await tx.query(FAIL, [state]);
    });
    const error = await failing.catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(TalerError);
    expect((error as TalerError).code).toBe(TalerCode.GENERIC_DB_SOFT_FAILURE);
    expect(runs).toBe(5);
    expect(await values()).toEqual(['0', '0']);
  });

  it.each(['23505', '22012', 'P0001'])('is not run again after any other error (%s)', async (state) => {
    let runs = 0;
    const failing = transactor.run('test-other', async (tx) => {
      runs++;
      await tx.query(WRITE, [1, 99n]);
      await tx.query(FAIL, [state]);
    });
    await expect(failing).rejects.toMatchObject({ code: state });
    expect(runs).toBe(1);
    expect(await values()).toEqual(['0', '0']);
  });

  it('names the constraint that was hit', async () => {
    const duplicate = { name: 'test-duplicate', text: 'insert into counters values (1, 0)' };
    const failing = transactor.run('test-duplicate', (tx) => tx.query(duplicate, []));
    const error = await failing.catch((caught: unknown) => caught);
    expect(isUniqueViolation(error, 'counters_pkey')).toBe(true);
    expect(isUniqueViolation(error, 'counters_other_key')).toBe(false);
  });

  it('calls back after its commit, when others see what it wrote', async () => {
    const client = new Client({ connectionString: database.url });
    await client.connect();
    try {
      let seen: Promise<string | undefined> | undefined;
      let insideTransaction: string | undefined;
      const read = async () =>
        (await client.query<{ value: string }>('select value from counters where id = 1')).rows[0]?.value;
      await transactor.run('test-callback', async (tx) => {
        tx.afterCommit(() => {
          seen = read();
        });
        await tx.query(WRITE, [1, 7n]);
        expect(seen).toBeUndefined();
        insideTransaction = await read();
      });
      expect(insideTransaction).toBe('0');
      expect(await seen).toBe('7');
    } finally {
      await client.end();
    }
  });

  it('does not call back when it was rolled back', async () => {
    const callback = jest.fn();
    const failing = transactor.run('test-rollback', async (tx) => {
      tx.afterCommit(callback);
      await tx.query(WRITE, [1, 7n]);
      throw new Error('no');
    });
    await expect(failing).rejects.toThrow('no');
    expect(callback).not.toHaveBeenCalled();
    expect(await values()).toEqual(['0', '0']);
  });

  it('does not call back when the commit itself fails', async () => {
    await database.query(`create function refuse() returns trigger language plpgsql as
      $$ begin raise exception 'refused at commit'; end $$`);
    await database.query(`create constraint trigger refuse after update on counters
      deferrable initially deferred for each row execute function refuse()`);
    const callback = jest.fn();
    try {
      const failing = transactor.run('test-commit', async (tx) => {
        tx.afterCommit(callback);
        await tx.query(WRITE, [1, 7n]);
      });
      await expect(failing).rejects.toThrow('refused at commit');
    } finally {
      await database.query('drop trigger refuse on counters');
    }
    expect(callback).not.toHaveBeenCalled();
  });

  it('calls back once for the run that was committed, not for those before it', async () => {
    const callback = jest.fn();
    let runs = 0;
    await transactor.run('test-once', async (tx: Tx) => {
      const run = ++runs;
      tx.afterCommit(() => callback(run));
      if (run < 3) await tx.query(FAIL, ['40001']);
    });
    expect(callback.mock.calls).toEqual([[3]]);
  });

  it('gives its connection back, whatever becomes of it', async () => {
    for (let round = 0; round < 30; round++) {
      await transactor.run('test-leak', (tx) => tx.query(FAIL, ['22012'])).catch(() => undefined);
    }
    const [row] = await server.app.get(Database).query<{ value: string }>(READ, [1]);
    expect(row?.value).toBe('0');
  });
});
