import type { Response } from 'express';
import type { IssuedToken } from '../auth/token-mint';
import { toLoginToken } from '../auth/token-responses';
import { sendJsonText } from '../platform/http/send-json';

/** Answers with the token where one was asked for, else with 204. */
export function sendToken(response: Response, issued: IssuedToken | undefined): void {
  if (issued) sendJsonText(response, 200, JSON.stringify(toLoginToken(issued)));
  else response.status(204).end();
}
