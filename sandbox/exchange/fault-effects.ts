import { decodeBase32, encodeBase32 } from '../../src/taler/base32';
import { createSigner, generateSeed } from '../../src/taler/eddsa';
import { isJsonObject, type JsonObject } from '../../src/taler/json';
import type { FaultAction } from './faults';
import type { Reply } from './http-types';
import type { AnswerSigner } from './key-ring';

const SIGNATURE_BYTES = 64;
const NOT_JSON = '<html><body><h1>It works!</h1></body></html>';
const WRONG_JSON = { surprise: [null, true, 'not what you asked for'] };

/** What a call gets instead of its answer; undefined if the fault is of another kind. */
export function replacementFor(fault: FaultAction): Reply | undefined {
  if (fault.action === 'fail')
    return { status: fault.status, body: fault.body ?? { code: 0, hint: 'sandbox fault' } };
  if (fault.action !== 'garbage') return undefined;
  return fault.garbage === 'json' ? { status: 200, body: WRONG_JSON } : { status: 200, text: NOT_JSON };
}

/** True for faults that spare the call and touch only its answer. */
export function isProcessed(fault: FaultAction): boolean {
  switch (fault.action) {
    case 'wrong-signature':
    case 'foreign-signature':
    case 'wrong-keys':
    case 'slow':
      return true;
    default:
      return fault.after === true;
  }
}

/** Changes one bit of the signature of an answer, or the master's signatures under all signing keys of /keys. */
export function spoil(fault: FaultAction, reply: Reply): Reply {
  if (fault.action !== 'wrong-signature' && fault.action !== 'wrong-keys') return reply;
  const body = bodyOf(reply);
  if (body === undefined) return reply;
  const spoiled =
    fault.action === 'wrong-signature' ? spoilMember(body, 'exchange_sig') : spoilSigningKeys(body);
  // The entity tag of the sound document must not be remembered for the spoiled one.
  const { ETag: _etag, ...headers } = reply.headers ?? {};
  return { status: reply.status, headers, body: spoiled };
}

/** A key that no /keys lists, for answers that are signed well by nobody. */
export function foreignSigner(): AnswerSigner {
  const signer = createSigner(generateSeed());
  return { signer, pub: encodeBase32(signer.publicKey) };
}

function bodyOf(reply: Reply): JsonObject | undefined {
  if (reply.text === undefined) return reply.body;
  const parsed: unknown = JSON.parse(reply.text);
  return isJsonObject(parsed) ? parsed : undefined;
}

function spoilSigningKeys(body: JsonObject): JsonObject {
  if (!Array.isArray(body.signkeys)) return body;
  const signkeys = body.signkeys.map((key) => (isJsonObject(key) ? spoilMember(key, 'master_sig') : key));
  return { ...body, signkeys };
}

function spoilMember(object: JsonObject, name: string): JsonObject {
  const text = object[name];
  const signature = typeof text === 'string' ? decodeBase32(text, SIGNATURE_BYTES) : undefined;
  if (signature === undefined) return object;
  signature.writeUInt8(signature.readUInt8(0) ^ 1, 0);
  return { ...object, [name]: encodeBase32(signature) };
}
