import { ArgumentsHost, Catch, Inject } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import type { Application, Response } from 'express';
import { prefersHtml } from '../pages/accept';
import type { TroubleView } from '../pages/page-view';
import { renderPage } from '../pages/render-page';
import { readerOf, sendPage, VARY } from '../pages/send-page';
import type { TalerRequest } from '../platform/http/request';
import { TalerExceptionFilter } from '../platform/http/taler-exception.filter';
import { LOG, type Log } from '../platform/observability/log';
import { TalerError } from '../taler/taler-error';

/** Errors that a visitor can do something about; all others go out as JSON, for who looks after the server. */
const PAGES: ReadonlyMap<number, TroubleView['kind']> = new Map([
  [400, 'malformed'],
  [403, 'forbidden'],
  [404, 'unknown'],
]);

/** On routes for people and programs alike: an error is a page for who asked for one. */
@Catch()
export class OrderPageErrors extends TalerExceptionFilter {
  constructor(adapterHost: HttpAdapterHost, @Inject(LOG) log: Log) {
    super(adapterHost.httpAdapter.getInstance<Application>(), log);
  }

  override catch(thrown: unknown, host: ArgumentsHost): void {
    const request = host.switchToHttp().getRequest<TalerRequest>();
    const response = host.switchToHttp().getResponse<Response>();
    if (!response.headersSent) response.setHeader('Vary', VARY);
    const kind = thrown instanceof TalerError ? PAGES.get(thrown.status) : undefined;
    if (kind === undefined || response.headersSent || !prefersHtml(request.headers.accept)) {
      return super.catch(thrown, host);
    }
    const { status } = thrown as TalerError;
    sendPage(response, status, renderPage({ kind, language: readerOf(request).language }));
  }
}
