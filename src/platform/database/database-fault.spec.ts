import { DatabaseError } from 'pg';
import { QueryFailedError } from 'typeorm';
import { TalerCode } from '../../taler/error-codes';
import { TalerError } from '../../taler/taler-error';
import { databaseFaultOf, isWrite, statementFault } from './database-fault';
import { isRetryable, isUniqueViolation } from './pg-errors';

const READ = { name: 'read', text: 'select * from orders' };
const WRITE = { name: 'write', text: 'insert into orders values ($1)' };

/** An error as PostgreSQL reports it, with a row in its detail. */
function reported(code: string, message = 'no', more: Partial<DatabaseError> = {}): DatabaseError {
  const error = new DatabaseError(message, message.length, 'error');
  return Object.assign(error, { code, detail: 'Failing row contains (secret).', ...more });
}

function system(code: string, syscall?: string): Error {
  return Object.assign(new Error(`${syscall} ${code} 127.0.0.1:5432`), { code, syscall });
}

describe('a fault of the database', () => {
  it.each([
    ['select for update is a read', 'select a from orders where b = $1 for update', false],
    ['so is one with a weaker lock', 'select a from orders for no key update of orders', false],
    ['names that contain the words are none', 'select deleted_us, update_id from deleted_orders', false],
    ['insert', 'insert into orders values ($1) returning serial', true],
    ['a write inside a with', 'with gone as (delete from a returning b) select * from gone', true],
    ['update under a lock', 'with o as (select 1 for update) update orders set a = 1', true],
  ])('tells reads from writes: %s', (_name, text, expected) => {
    expect(isWrite(text)).toBe(expected);
  });

  it.each<[string, unknown, typeof READ, boolean, TalerCode]>([
    ['a read', reported('42P01'), READ, false, TalerCode.GENERIC_DB_FETCH_FAILED],
    ['a write', reported('P0001'), WRITE, false, TalerCode.GENERIC_DB_STORE_FAILED],
    ['the commit of a write', reported('P0001'), WRITE, true, TalerCode.GENERIC_DB_COMMIT_FAILED],
    ['a collision', reported('40001'), WRITE, false, TalerCode.GENERIC_DB_SOFT_FAILURE],
    ['a deadlock', reported('40P01'), READ, false, TalerCode.GENERIC_DB_SOFT_FAILURE],
    ['a shut database', reported('55000'), WRITE, false, TalerCode.GENERIC_DB_START_FAILED],
    ['too many connections', reported('53300'), READ, false, TalerCode.GENERIC_DB_START_FAILED],
    ['a wrong password', reported('28P01'), READ, false, TalerCode.GENERIC_DB_START_FAILED],
    ['nobody there', system('ECONNREFUSED', 'connect'), READ, false, TalerCode.GENERIC_DB_START_FAILED],
    ['nobody at any address', system('ECONNREFUSED'), READ, false, TalerCode.GENERIC_DB_START_FAILED],
    ['no socket', system('ENOENT', 'connect'), WRITE, false, TalerCode.GENERIC_DB_START_FAILED],
    [
      'no connection free in time',
      new Error('timeout exceeded when trying to connect'),
      READ,
      false,
      TalerCode.GENERIC_DB_START_FAILED,
    ],
    [
      'a connection that ends under the statement',
      new Error('Connection terminated unexpectedly'),
      WRITE,
      false,
      TalerCode.GENERIC_DB_STORE_FAILED,
    ],
  ])('has the code of what failed: %s', (_name, error, statement, isExecuted, code) => {
    expect(statementFault(error, statement, isExecuted)).toMatchObject({
      talerCode: code,
      step: statement.name,
    });
  });

  it('is still what callers look for', () => {
    const taken = statementFault(reported('23505', 'duplicate', { constraint: 'orders_key' }), WRITE);
    expect(isUniqueViolation(taken, 'orders_key')).toBe(true);
    expect(isUniqueViolation(taken, 'another_key')).toBe(false);
    expect(isRetryable(statementFault(reported('40001'), WRITE))).toBe(true);
  });

  it('is made once', () => {
    const fault = statementFault(reported('P0001'), WRITE);
    expect(statementFault(fault, READ)).toBe(fault);
    expect(databaseFaultOf(fault)).toBe(fault);
  });

  it('holds neither rows nor values', () => {
    const quoting = reported('22P02', 'invalid input syntax for type bigint: "secret"');
    const wrapped = new QueryFailedError('insert into a values ($1)', ['secret'], reported('23514'));
    for (const fault of [statementFault(quoting, WRITE), databaseFaultOf(wrapped)]) {
      expect(fault).toBeDefined();
      const everything = Object.getOwnPropertyNames(fault).map((name) => (fault as never)[name] as unknown);
      expect(JSON.stringify(everything)).not.toContain('secret');
    }
  });

  it.each<[string, unknown, TalerCode]>([
    ['a read', new QueryFailedError('SELECT 1', [], reported('42P01')), TalerCode.GENERIC_DB_FETCH_FAILED],
    [
      'a write',
      new QueryFailedError('INSERT INTO a VALUES ($1)', ['x'], reported('23514')),
      TalerCode.GENERIC_DB_STORE_FAILED,
    ],
    ['no connection', reported('57P03'), TalerCode.GENERIC_DB_START_FAILED],
    ['nobody there', system('ECONNREFUSED', 'connect'), TalerCode.GENERIC_DB_START_FAILED],
    ['a lost connection', new Error('Connection terminated'), TalerCode.GENERIC_DB_START_FAILED],
  ])('is found behind what the entity manager throws: %s', (_name, thrown, code) => {
    expect(databaseFaultOf(thrown)?.talerCode).toBe(code);
  });

  it.each<[string, unknown]>([
    ['a refusal', new TalerError(TalerCode.MERCHANT_GENERIC_ORDER_UNKNOWN)],
    ['a bug', new TypeError('x is not a function')],
    ['a missing file', system('ENOENT', 'open')],
    ['nothing', undefined],
  ])('is not seen in anything else: %s', (_name, thrown) => {
    expect(databaseFaultOf(thrown)).toBeUndefined();
  });
});
