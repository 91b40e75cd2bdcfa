import { ArgumentsHost, Catch, ExceptionFilter, HttpException } from '@nestjs/common';
import type { Application, Response } from 'express';
import { TalerCode } from '../../taler/error-codes';
import { TalerError } from '../../taler/taler-error';
import { databaseFaultOf } from '../database/database-fault';
import type { Log } from '../observability/log';
import { KnownRoutes } from './known-routes';
import type { TalerRequest } from './request';
import { ChallengesRequired } from './second-factor';
import { sendJsonText } from './send-json';

/** What is wanted first is said instead of doing it (management.md 3.1). */
const ACCEPTED = 202;

/** The one place that writes an error answer: `{code, hint, detail?, ..., request_id}` (conventions.md 7). */
@Catch()
export class TalerExceptionFilter implements ExceptionFilter {
  private routes: KnownRoutes | undefined;

  constructor(
    private readonly application: Application,
    private readonly log: Log,
  ) {}

  catch(thrown: unknown, host: ArgumentsHost): void {
    const http = host.switchToHttp();
    this.answer(thrown, http.getRequest<TalerRequest>(), http.getResponse<Response>());
  }

  /** Writes the answer; also called by middleware that fails before a route is found. */
  answer(thrown: unknown, request: TalerRequest, response: Response): void {
    if (thrown instanceof ChallengesRequired) {
      sendJsonText(response, ACCEPTED, JSON.stringify(thrown.response));
      return;
    }
    // Trouble with the database leaves, and is logged, without SQL and values.
    const fault = databaseFaultOf(thrown);
    const error = fault ? new TalerError(fault.talerCode) : this.toTalerError(thrown, request, response);
    if (error.status >= 500) {
      this.log.error(
        { err: fault ?? thrown, code: error.code, request_id: request.requestId },
        'request failed',
      );
    }
    if (response.headersSent || response.destroyed) {
      response.destroy();
      return;
    }
    for (const [name, value] of Object.entries(error.headers ?? {})) response.setHeader(name, value);
    const body = { ...error.toBody(), request_id: request.requestId };
    sendJsonText(response, error.status, JSON.stringify(body));
  }

  private toTalerError(thrown: unknown, request: TalerRequest, response: Response): TalerError {
    if (thrown instanceof TalerError) return thrown;
    const parserType = (thrown as { type?: unknown } | undefined)?.type;
    if (typeof parserType === 'string') {
      const error = fromBodyParser(parserType, thrown);
      if (error) return error;
    }
    if (thrown instanceof URIError) return undecodablePath(thrown);
    if (thrown instanceof HttpException) return this.fromHttpException(thrown, request, response);
    return new TalerError(TalerCode.GENERIC_INTERNAL_INVARIANT_FAILURE, { cause: thrown });
  }

  private fromHttpException(thrown: HttpException, request: TalerRequest, response: Response): TalerError {
    if (thrown.getStatus() === 400) return undecodablePath(thrown);
    if (thrown.getStatus() !== 404) {
      return new TalerError(TalerCode.GENERIC_INTERNAL_INVARIANT_FAILURE, { cause: thrown });
    }
    this.routes ??= new KnownRoutes(this.application);
    const methods = this.routes.methodsOf(request.path);
    if (methods.length === 0)
      return new TalerError(TalerCode.GENERIC_ENDPOINT_UNKNOWN, { detail: request.path });
    response.setHeader('Allow', methods.join(', '));
    return new TalerError(TalerCode.GENERIC_METHOD_INVALID, { detail: request.method });
  }
}

/** `%E0%A4%A` and the like in a path. */
function undecodablePath(cause: unknown): TalerError {
  return new TalerError(TalerCode.GENERIC_PARAMETER_MALFORMED, {
    detail: 'the path is not percent-encoded UTF-8',
    cause,
  });
}

/** Faults of the body parser by their `type` (dependencies: they are not HttpExceptions). */
function fromBodyParser(type: string, cause: unknown): TalerError | undefined {
  switch (type) {
    case 'entity.too.large':
      return new TalerError(TalerCode.GENERIC_UPLOAD_EXCEEDS_LIMIT, { cause });
    case 'request.size.invalid':
    case 'request.aborted':
      return new TalerError(TalerCode.GENERIC_JSON_INVALID, { cause });
    case 'encoding.unsupported':
      return new TalerError(TalerCode.GENERIC_COMPRESSION_INVALID, { detail: 'Content-Encoding', cause });
    default:
      return undefined;
  }
}
