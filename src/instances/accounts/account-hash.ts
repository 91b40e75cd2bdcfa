import { decodeBase32, encodeBase32 } from '../../taler/base32';
import { TalerCode } from '../../taler/error-codes';
import { TalerError } from '../../taler/taler-error';

const HASH_BYTES = 64;

/** The h_wire of a path. @throws TalerError 2023 when it is not 64 bytes in base32 */
export function requireAccountHash(text: string): Buffer {
  const hWire = decodeBase32(text, HASH_BYTES);
  if (!hWire) throw new TalerError(TalerCode.MERCHANT_GENERIC_H_WIRE_MALFORMED, { detail: 'h_wire' });
  return hWire;
}

/** 404 code 2022: the newer of the two codes the reference had for it (management.md 6.6). */
export function unknownAccount(hWire: Buffer): TalerError {
  return new TalerError(TalerCode.MERCHANT_GENERIC_ACCOUNT_UNKNOWN, { detail: encodeBase32(hWire) });
}
