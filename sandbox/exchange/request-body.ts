import { isUtf8 } from 'node:buffer';
import type { IncomingMessage } from 'node:http';
import { promisify } from 'node:util';
import { inflate } from 'node:zlib';
import { TalerCode } from '../../src/taler/error-codes';
import { findForbiddenString, type JsonValue } from '../../src/taler/json';
import { Refusal } from './refusal';

/** Library limit of the reference implementation, before and after decompression (conventions.md 5.2). */
export const MAX_BODY_BYTES = 16 * 1024 * 1024;

const inflateBytes = promisify(inflate);

/** The body is longer than allowed and did not say so: the connection is closed without a reply (recording 068c). */
export class UnannouncedOversize extends Error {}

/**
 * Reads a body whole.
 *
 * @throws Refusal 413/32 if the announced length is too large, UnannouncedOversize if it comes out later
 */
export async function readBody(message: IncomingMessage): Promise<Buffer> {
  const announced = message.headers['content-length'];
  if (announced !== undefined && Number(announced) > MAX_BODY_BYTES) {
    throw new Refusal(TalerCode.GENERIC_UPLOAD_EXCEEDS_LIMIT);
  }
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of message as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > MAX_BODY_BYTES) throw new UnannouncedOversize('body too long');
    chunks.push(chunk);
  }
  const [only] = chunks;
  return chunks.length === 1 && only !== undefined ? only : Buffer.concat(chunks);
}

/**
 * Parses a body as JSON. `Content-Encoding: deflate` is zlib (conventions.md 5.1); the content type is not looked
 * at (recording 067).
 *
 * @throws Refusal 400/22 without `field` for anything but an object or array (recordings 060-065), 400/28
 */
export async function parseBody(bytes: Buffer, encoding: string | undefined): Promise<JsonValue> {
  const plain = encoding === 'deflate' ? await decompress(bytes) : bytes;
  if (!isUtf8(plain)) throw new Refusal(TalerCode.GENERIC_JSON_INVALID);
  const value = parseJson(plain.toString('utf8'));
  // The parser of the reference takes objects and arrays only, and limits strings and depth.
  if (typeof value !== 'object' || value === null || findForbiddenString(value) !== undefined) {
    throw new Refusal(TalerCode.GENERIC_JSON_INVALID);
  }
  return value;
}

function parseJson(text: string): JsonValue | undefined {
  try {
    return JSON.parse(text) as JsonValue;
  } catch {
    return undefined;
  }
}

async function decompress(bytes: Buffer): Promise<Buffer> {
  try {
    return await inflateBytes(bytes, { maxOutputLength: MAX_BODY_BYTES });
  } catch {
    throw new Refusal(TalerCode.GENERIC_COMPRESSION_INVALID);
  }
}
