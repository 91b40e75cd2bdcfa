import { isUtf8 } from 'node:buffer';
import { IncomingMessage } from 'node:http';
import { CanActivate, ExecutionContext, Injectable } from '@nestjs/common';
import express, { Response } from 'express';
import { TalerCode } from '../../taler/error-codes';
import { TalerError } from '../../taler/taler-error';
import type { TalerRequest } from './request';

/** Most bytes of a body, counted after inflating (conventions.md 5.2: one uniform limit is compatible). */
export const BODY_BYTES_MAX = 8 * 1024 * 1024;
/** Deeper JSON is refused before anything recursive sees it. */
const JSON_DEPTH_MAX = 64;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;

// Not express.json: that decodes by the charset of the Content-Type, and what was parsed would not be what is kept.
const readBytes = express.raw({ limit: BODY_BYTES_MAX, type: () => true });

const METHODS_WITH_BODY = new Set(['POST', 'PATCH', 'PUT']);

/**
 * Reads the body as JSON whatever the Content-Type says (orders.md 2.3), inflates `deflate` (conventions.md 5.1),
 * keeps the bytes on the request: what is hashed or signed never passes through a DTO.
 *
 * A guard, and the last one: nothing is read from whom the guards before it turn away (management.md 1.3).
 */
@Injectable()
export class JsonBodyGuard implements CanActivate {
  canActivate(context: ExecutionContext): Promise<boolean> | boolean {
    const request = context.switchToHttp().getRequest<TalerRequest>();
    if (!METHODS_WITH_BODY.has(request.method)) return true;
    return readJsonBody(request, context.switchToHttp().getResponse<Response>());
  }
}

/** @throws TalerError 22, 28, 32, or the parser's own error, which the filter knows */
function readJsonBody(request: TalerRequest, response: Response): Promise<boolean> {
  const tooLarge = () => new TalerError(TalerCode.GENERIC_UPLOAD_EXCEEDS_LIMIT);
  if (Number(request.headers['content-length']) > BODY_BYTES_MAX) throw tooLarge();
  return new Promise((resolve, reject) => {
    let received = 0;
    // The parser answers only when all has come, which may be never.
    request.on('data', (chunk: Buffer) => {
      received += chunk.length;
      if (received > BODY_BYTES_MAX) reject(tooLarge());
    });
    readBytes(request, response, (error?: unknown) => {
      if (error) return reject(toBodyError(error, request));
      const bytes: unknown = request.body;
      request.body = undefined;
      if (!Buffer.isBuffer(bytes) || bytes.length === 0) return resolve(true);
      const fault = faultOf(bytes) ?? parse(request, bytes);
      if (fault) return reject(new TalerError(TalerCode.GENERIC_JSON_INVALID, { detail: fault }));
      resolve(true);
    });
  });
}

/** @returns what is wrong with the text, if anything */
function parse(request: TalerRequest, bytes: Buffer): string | undefined {
  try {
    request.body = JSON.parse(bytes.toString('utf8'));
    request.rawBody = bytes;
    return undefined;
  } catch (error) {
    return (error as SyntaxError).message;
  }
}

/** Inflating errors come as plain zlib errors with status 400. */
function toBodyError(error: unknown, request: IncomingMessage): unknown {
  const { type, code } = error as { type?: string; code?: string };
  const compressed = request.headers['content-encoding'] !== undefined;
  if (type === undefined || (compressed && code?.startsWith('Z_'))) {
    return new TalerError(TalerCode.GENERIC_COMPRESSION_INVALID, { cause: error });
  }
  return error;
}

function faultOf(body: Buffer): string | undefined {
  if (!isUtf8(body)) return 'the body is not UTF-8';
  return nestsTooDeep(body) ? `nested deeper than ${JSON_DEPTH_MAX}` : undefined;
}

/** Counts brackets outside strings; runs before JSON.parse, so the text need not be JSON. */
function nestsTooDeep(body: Buffer): boolean {
  let depth = 0;
  let inString = false;
  for (let at = 0; at < body.length; at++) {
    const byte = body[at];
    if (inString) {
      if (byte === BACKSLASH) at++;
      else if (byte === QUOTE) inString = false;
    } else if (byte === QUOTE) inString = true;
    else if (byte === 0x7b || byte === 0x5b) {
      if (++depth > JSON_DEPTH_MAX) return true;
    } else if (byte === 0x7d || byte === 0x5d) depth--;
  }
  return false;
}
