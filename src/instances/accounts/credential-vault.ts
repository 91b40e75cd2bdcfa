import { Injectable } from '@nestjs/common';
import { KeyRing } from '../../crypto/key-ring';
import { canonicalJson } from '../../taler/canonical-json';
import type { FacadeCredentials } from './facade-credentials';

/** Credentials of a credit facade as they are stored with the account. */
export interface StoredCredentials {
  readonly creditFacadeCredentials: Buffer | null;
  readonly credentialsEncrypted: boolean;
}

export const NO_CREDENTIALS: StoredCredentials = {
  creditFacadeCredentials: null,
  credentialsEncrypted: false,
};

/**
 * Seals and opens the credentials with which the money that came in is looked up at a bank (management.md 6.1); they
 * are encrypted at rest when a key for that is configured, like the private keys of instances.
 */
@Injectable()
export class CredentialVault {
  constructor(private readonly keyRing: KeyRing) {}

  /** @param hWire of the account: a box that is moved to another account does not open */
  seal(credentials: FacadeCredentials | undefined, hWire: Buffer): StoredCredentials {
    if (!credentials) return NO_CREDENTIALS;
    const plain = Buffer.from(canonicalJson({ ...credentials }), 'utf8');
    const { bytes, encrypted } = this.keyRing.seal(plain, hWire);
    return { creditFacadeCredentials: bytes, credentialsEncrypted: encrypted };
  }

  /**
   * Whether these credentials are the stored ones.
   * @throws Error when they were encrypted with a key that is not the configured one
   */
  holds(stored: StoredCredentials, hWire: Buffer, credentials: FacadeCredentials | undefined): boolean {
    const box = stored.creditFacadeCredentials;
    if (!box || !credentials) return !box && !credentials;
    const plain = this.keyRing.open({ bytes: box, encrypted: stored.credentialsEncrypted }, hWire);
    return plain.toString('utf8') === canonicalJson({ ...credentials });
  }
}
