import type { Response } from 'express';

/** Sends text that is JSON already. */
export function sendJsonText(response: Response, status: number, text: string): void {
  sendText(response, status, 'application/json', text);
}

/** Sends text, not to be cached: it carries a token or a status (orders.md 2.5). */
export function sendText(response: Response, status: number, type: string, text: string): void {
  response.statusCode = status;
  response.setHeader('Content-Type', type);
  response.setHeader('Cache-Control', 'no-store');
  response.setHeader('Content-Length', Buffer.byteLength(text));
  response.end(response.req.method === 'HEAD' ? undefined : text);
}

/** Calls back when the client went away before it was answered. */
export function whenGone(response: Response): (callback: () => void) => void {
  return (callback) => {
    response.once('close', () => {
      if (!response.writableFinished) callback();
    });
  };
}
