import type { Request, Response } from 'express';
import { TalerCode } from '../taler/error-codes';
import { TalerError } from '../taler/taler-error';
import { refusesEnglish } from './accept';
import { LANGUAGES, type Reader } from './language';
import type { RenderedPage } from './render-page';

/** Both formats of an answer depend on these headers of the request. */
export const VARY = 'Accept, Accept-Language';

/** Languages of a reader that are looked up in each text of a shop; browsers send a handful. */
const ACCEPTED_MAX = 16;

/** Who asks, by Accept-Language; English serves everybody who reads none of our languages. */
export function readerOf(request: Request): Reader {
  const best = request.acceptsLanguages([...LANGUAGES]);
  const language = LANGUAGES.find((candidate) => candidate === best) ?? LANGUAGES[0];
  return { language, accepted: request.acceptsLanguages().slice(0, ACCEPTED_MAX) };
}

/** @throws TalerError GENERIC_FAILED_TO_LOAD_TEMPLATE (406) for a client that refuses English and reads nothing else */
export function requireReader(request: Request): Reader {
  const isServed = request.acceptsLanguages([...LANGUAGES]) !== false;
  if (!isServed && refusesEnglish(request.headers['accept-language'])) {
    throw new TalerError(TalerCode.GENERIC_FAILED_TO_LOAD_TEMPLATE, { detail: 'Accept-Language' });
  }
  return readerOf(request);
}

export function sendPage(response: Response, status: number, { html, headers }: RenderedPage): void {
  response.statusCode = status;
  for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
  response.setHeader('Content-Length', Buffer.byteLength(html));
  response.end(response.req.method === 'HEAD' ? undefined : html);
}

/** 302 without a body; not to be cached, since the next answer may be a page. */
export function sendElsewhere(response: Response, location: string): void {
  response.statusCode = 302;
  response.setHeader('Location', location);
  response.setHeader('Cache-Control', 'no-store');
  response.setHeader('Content-Length', 0);
  response.end();
}
