import { DatabaseError } from 'pg';
import { QueryFailedError } from 'typeorm';
import { TalerCode } from '../../taler/error-codes';
import { constraintOf, isRetryable, sqlState } from './pg-errors';

/** SQLSTATEs of a connection that never came about: 08 connection, 28 credentials, and those of a shut door. */
const NO_CONNECTION_CLASSES = ['08', '28'];
const NO_CONNECTION_STATES = ['3D000', '53300', '55000', '57P03'];
/** The system's names for the same; of a host with several addresses they come without the system call. */
const UNREACHABLE = ['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH', 'ETIMEDOUT'];
/** What pg and its pool say when nobody answered in time. */
const CONNECT_TIMEOUT = /timeout exceeded when trying to connect|connection timeout/i;
/** What pg says when the connection ends under a statement. */
const CONNECTION_LOST = /^Connection terminated|^Client has encountered a connection error/;
const FOREIGN_KEY_VIOLATION = '23503';
/** SQLSTATE class of faulty data: its messages quote the data. */
const DATA_EXCEPTION = '22';

/** Row locks are part of reading. */
const ROW_LOCK = /\bfor\s+(no\s+key\s+)?update\b/gi;
const WRITE = /\b(insert|update|delete|merge|truncate)\b/i;

/**
 * A statement, or a step of its transaction, that the database did not do.
 *
 * It stands in the place of the driver's error, which holds what must not get into a log: rows in its `detail`, and
 * with TypeORM the SQL with all its values. Callers that expect a failure look with pg-errors.ts as before.
 */
export class DatabaseFault extends Error {
  /** SQLSTATE, or the system's name of the failure (ECONNREFUSED). */
  readonly code: string | undefined;
  readonly constraint: string | undefined;
  readonly table: string | undefined;

  /**
   * @param talerCode what the client is told (50 to 56, or that the instance is gone)
   * @param step name of the statement, or of the step
   * @param error of the driver, bare or wrapped by TypeORM
   */
  constructor(
    readonly talerCode: TalerCode,
    readonly step: string,
    error: unknown,
  ) {
    super(messageOf(error));
    this.name = 'DatabaseFault';
    this.code = sqlState(error);
    this.constraint = constraintOf(error);
    this.table = (error as { table?: string } | undefined)?.table;
  }
}

/**
 * The fault of one statement: DB_START_FAILED without a connection, DB_SOFT_FAILURE after a collision, otherwise by
 * what the statement does.
 * @param isExecuted whether the statement itself was done, so that only its own commit can have failed
 */
export function statementFault(
  error: unknown,
  statement: { readonly name: string; readonly text: string },
  isExecuted = false,
): DatabaseFault {
  if (error instanceof DatabaseFault) return error;
  return new DatabaseFault(codeOfStatement(error, statement.text, isExecuted), statement.name, error);
}

/** The fault of a transaction that could not be begun. */
export function beginFault(error: unknown): DatabaseFault {
  return new DatabaseFault(TalerCode.GENERIC_DB_START_FAILED, 'begin', error);
}

/** The fault of a transaction whose statements were all done. */
export function commitFault(error: unknown): DatabaseFault {
  return new DatabaseFault(TalerCode.GENERIC_DB_COMMIT_FAILED, 'commit', error);
}

/**
 * The database's fault behind anything that was thrown; undefined when it is none. Repositories that work with TypeORM's
 * manager throw its errors, and those of the driver where there was no connection for it.
 */
export function databaseFaultOf(thrown: unknown): DatabaseFault | undefined {
  if (thrown instanceof DatabaseFault) return thrown;
  if (thrown instanceof QueryFailedError) {
    return statementFault(thrown, { name: 'entity manager', text: thrown.query });
  }
  if (thrown instanceof DatabaseError || isUnreachable(thrown)) return beginFault(thrown);
  return undefined;
}

/** True when the text of a statement changes rows; taking locks changes nothing. */
export function isWrite(text: string): boolean {
  return WRITE.test(text.replace(ROW_LOCK, ''));
}

function codeOfStatement(error: unknown, text: string, isExecuted: boolean): TalerCode {
  if (isRetryable(error)) return TalerCode.GENERIC_DB_SOFT_FAILURE;
  if (isNoConnection(error)) return TalerCode.GENERIC_DB_START_FAILED;
  if (isOfPurgedInstance(error)) return TalerCode.MERCHANT_GENERIC_INSTANCE_UNKNOWN;
  if (isExecuted) return TalerCode.GENERIC_DB_COMMIT_FAILED;
  return isWrite(text) ? TalerCode.GENERIC_DB_STORE_FAILED : TalerCode.GENERIC_DB_FETCH_FAILED;
}

/** True for a row whose instance was purged after the request had found it (management.md 4.9). */
function isOfPurgedInstance(error: unknown): boolean {
  return sqlState(error) === FOREIGN_KEY_VIOLATION && (constraintOf(error) ?? '').endsWith('_instance_fkey');
}

/** True when no statement can have been done, because there was nobody to do it. */
function isNoConnection(error: unknown): boolean {
  const state = sqlState(error) ?? '';
  if (NO_CONNECTION_CLASSES.includes(state.slice(0, 2))) return true;
  if (NO_CONNECTION_STATES.includes(state) || UNREACHABLE.includes(state)) return true;
  const { syscall, message } = (error ?? {}) as { syscall?: string; message?: string };
  return syscall === 'connect' || CONNECT_TIMEOUT.test(message ?? '');
}

/** Outgoing calls of HTTP have errors of their own (exchange-http.ts), so a bare failure to connect is the database's. */
function isUnreachable(thrown: unknown): boolean {
  return thrown instanceof Error && (isNoConnection(thrown) || CONNECTION_LOST.test(thrown.message));
}

function messageOf(error: unknown): string {
  const message = (error instanceof Error ? error.message : String(error)) || (sqlState(error) ?? '');
  return sqlState(error)?.startsWith(DATA_EXCEPTION) ? message.replace(/"[^"]*"/g, '"…"') : message;
}
