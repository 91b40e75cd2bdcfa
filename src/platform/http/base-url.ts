import { Injectable } from '@nestjs/common';
import type { Request } from 'express';
import { TalerCode } from '../../taler/error-codes';
import { TalerError } from '../../taler/taler-error';
import { AppConfig } from '../config/config';

/** Host name or address with optional port: what may stand in a URL we hand out. */
const HOST = /^(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(:\d{1,5})?$/;
const PREFIX = /^(\/[A-Za-z0-9._~%@+:-]+)*\/?$/;

/** Works out under which URL the client sees us (orders.md 9.5, conventions.md 5.9). */
@Injectable()
export class BaseUrls {
  constructor(private readonly config: AppConfig) {}

  /**
   * Base URL of the instance, with final slash: the configured one, else what the request says.
   * @throws TalerError GENERIC_HTTP_HEADERS_MALFORMED when the headers make no URL
   */
  ofInstance(request: Request, instanceId: string): string {
    const base = this.config.baseUrl ?? this.derive(request);
    return instanceId === 'admin' ? base : `${base}instances/${instanceId}/`;
  }

  private derive(request: Request): string {
    const forwarded = (name: string) => (this.config.trustProxy ? firstOf(request.headers[name]) : undefined);
    const protocol = forwarded('x-forwarded-proto')?.toLowerCase() ?? 'http';
    let host = forwarded('x-forwarded-host') ?? request.headers.host ?? '';
    const port = forwarded('x-forwarded-port');
    const prefix = forwarded('x-forwarded-prefix') ?? '';
    const valid = HOST.test(host) && PREFIX.test(prefix) && (protocol === 'http' || protocol === 'https');
    if (!valid || (port !== undefined && !/^\d{1,5}$/.test(port))) {
      throw new TalerError(TalerCode.GENERIC_HTTP_HEADERS_MALFORMED, { detail: 'Host' });
    }
    if (port && !/:\d+$/.test(host)) host = `${host}:${port}`;
    // As wallets spell it: they rebuild the URL from a taler:// URI and want it byte for byte (orders.md 9.4).
    const text = `${protocol}://${host}${prefix.replace(/\/$/, '')}/`;
    if (!URL.canParse(text))
      throw new TalerError(TalerCode.GENERIC_HTTP_HEADERS_MALFORMED, { detail: 'Host' });
    return new URL(text).href;
  }
}

/** The first of a comma-separated list: the proxy nearest to the client wrote it. */
function firstOf(header: string | string[] | undefined): string | undefined {
  const text = Array.isArray(header) ? header[0] : header;
  return text?.split(',')[0]?.trim() || undefined;
}
