import { Injectable, OnModuleInit } from '@nestjs/common';
import { createSigner, EddsaSigner, generateSeed } from '../taler/eddsa';
import { AppConfig } from '../platform/config/config';
import { Database, Statement } from '../platform/database/database';
import { open, seal } from './secret-box';

/** Signers kept in memory; the one that was not used longest makes room. */
const SIGNERS_MAX = 10_000;

const READ_KEY: Statement = {
  name: 'instance-key',
  text: 'select private_key, key_encrypted, merchant_pub from instances where serial = $1',
};

const READ_ENCRYPTED_KEY: Statement = {
  name: 'instance-key-encrypted',
  text: `select private_key, key_encrypted, merchant_pub from instances
    where key_encrypted and private_key is not null order by serial desc limit 1`,
};

interface KeyRow {
  private_key: Buffer | null;
  key_encrypted: boolean;
  merchant_pub: Buffer;
}

/** A new instance's key pair, the private half as it is to be stored. */
export interface NewInstanceKey {
  readonly publicKey: Buffer;
  readonly privateKey: Buffer;
  readonly encrypted: boolean;
}

/** The only place that touches the private keys of instances (crypto.md 8). */
@Injectable()
export class InstanceKeys implements OnModuleInit {
  private readonly signers = new Map<bigint, EddsaSigner>();

  constructor(
    private readonly config: AppConfig,
    private readonly database: Database,
  ) {}

  /** @throws Error at start-up, rather than at the first claim, when the stored keys cannot be opened */
  async onModuleInit(): Promise<void> {
    const [row] = await this.database.query<KeyRow>(READ_ENCRYPTED_KEY, []);
    if (row) this.unseal(row);
  }

  /** Makes a key pair; encrypted at rest when a key for that is configured. */
  generate(): NewInstanceKey {
    const seed = generateSeed();
    const { publicKey } = createSigner(seed);
    const key = this.config.keyEncryptionKey;
    return { publicKey, privateKey: key ? seal(key, seed, publicKey) : seed, encrypted: key !== undefined };
  }

  /**
   * The signer of an instance.
   * @throws Error when the key is gone (deleted instance) or was encrypted with another key
   */
  async signerOf(instanceSerial: bigint): Promise<EddsaSigner> {
    const known = this.signers.get(instanceSerial);
    if (known) return known;
    const [row] = await this.database.query<KeyRow>(READ_KEY, [instanceSerial]);
    if (!row?.private_key) throw new Error(`instance ${instanceSerial} has no private key`);
    const signer = createSigner(this.unseal(row));
    if (!signer.publicKey.equals(row.merchant_pub)) {
      throw new Error(`the private key of instance ${instanceSerial} does not fit its public key`);
    }
    const [oldest] = this.signers.keys();
    if (this.signers.size >= SIGNERS_MAX && oldest !== undefined) this.signers.delete(oldest);
    this.signers.set(instanceSerial, signer);
    return signer;
  }

  private unseal(row: KeyRow): Buffer {
    const stored = row.private_key as Buffer;
    if (!row.key_encrypted) return stored;
    const key = this.config.keyEncryptionKey;
    if (!key) throw new Error('TALER_KEY_ENCRYPTION_KEY is missing, but instance keys are encrypted');
    try {
      return open(key, stored, row.merchant_pub);
    } catch (cause) {
      throw new Error('instance keys were encrypted with another TALER_KEY_ENCRYPTION_KEY', { cause });
    }
  }
}
