import { Injectable } from '@nestjs/common';
import { AppConfig } from '../platform/config/config';
import { open, seal } from './secret-box';

/** A secret as it is stored: itself, or a sealed box of it. */
export interface StoredSecret {
  readonly bytes: Buffer;
  readonly encrypted: boolean;
}

/**
 * The keys under which secrets are encrypted at rest: the one that seals, and while they change the one before it
 * (`npm run admin -- keys rotate-encryption`). With both configured a server reads what either has sealed, so that
 * servers go on while the rows are sealed anew.
 */
@Injectable()
export class KeyRing {
  constructor(private readonly config: AppConfig) {}

  /** Encrypts when a key for that is configured. @param context of the row, see `secret-box.ts` */
  seal(plain: Buffer, context: Buffer): StoredSecret {
    const { keyEncryptionKey: key } = this.config;
    return key ? { bytes: seal(key, plain, context), encrypted: true } : { bytes: plain, encrypted: false };
  }

  /** @throws Error that says which variable is missing or another one */
  open({ bytes, encrypted }: StoredSecret, context: Buffer): Buffer {
    if (!encrypted) return bytes;
    const { keyEncryptionKey, keyEncryptionKeyOld } = this.config;
    const keys = [keyEncryptionKey, keyEncryptionKeyOld].filter((key) => key !== undefined);
    if (keys.length === 0)
      throw new Error('TALER_KEY_ENCRYPTION_KEY is missing, but instance keys are encrypted');
    for (const key of keys) {
      const plain = openOrUndefined(key, bytes, context);
      if (plain) return plain;
    }
    throw new Error('instance keys were encrypted with another TALER_KEY_ENCRYPTION_KEY');
  }

  /**
   * The same secret under the key of now.
   * @returns undefined when it is so already
   * @throws Error when none of the keys opens it, and when there is no key to seal with
   */
  renew(stored: StoredSecret, context: Buffer): StoredSecret | undefined {
    const key = this.requireKey();
    if (stored.encrypted && openOrUndefined(key, stored.bytes, context)) return undefined;
    return this.seal(this.open(stored, context), context);
  }

  /** @throws Error when there is no key to seal with */
  requireKey(): Buffer {
    const { keyEncryptionKey } = this.config;
    if (keyEncryptionKey) return keyEncryptionKey;
    throw new Error('TALER_KEY_ENCRYPTION_KEY is missing: there is nothing to encrypt with');
  }
}

/** A box says that the key is another one by an error, for it is authenticated. */
function openOrUndefined(key: Buffer, box: Buffer, context: Buffer): Buffer | undefined {
  try {
    return open(key, box, context);
  } catch {
    return undefined;
  }
}
