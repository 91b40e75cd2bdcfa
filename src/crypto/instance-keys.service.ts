import { Injectable, OnModuleInit } from '@nestjs/common';
import { createSigner, EddsaSigner, generateSeed } from '../taler/eddsa';
import { Database, Statement } from '../platform/database/database';
import type { Tx } from '../platform/database/tx';
import { EventBus } from '../platform/events/event-bus';
import { KeyRing, StoredSecret } from './key-ring';

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

const LOCK_KEY: Statement = {
  name: 'instance-key-lock',
  text: 'select private_key, key_encrypted, merchant_pub from instances where serial = $1 for no key update',
};

const WRITE_KEY: Statement = {
  name: 'instance-key-write',
  text: 'update instances set private_key = $2, key_encrypted = $3 where serial = $1',
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
  /** Counts the changes of instances, so that a key that is read while one happens is not remembered. */
  private changes = 0;

  constructor(
    private readonly keyRing: KeyRing,
    private readonly database: Database,
    bus: EventBus,
  ) {
    // A deleted instance's key is erased (management.md 1.2), here too. Instances change rarely and keys are read
    // quickly, so all are forgotten.
    bus.subscribeKind('instance', () => {
      this.changes++;
      this.signers.clear();
    });
  }

  /** @throws Error at start-up, rather than at the first claim, when the stored keys cannot be opened */
  async onModuleInit(): Promise<void> {
    const [row] = await this.database.query<KeyRow>(READ_ENCRYPTED_KEY, []);
    if (row) this.unseal(row);
  }

  /** Makes a key pair; encrypted at rest when a key for that is configured. */
  generate(): NewInstanceKey {
    const seed = generateSeed();
    const { publicKey } = createSigner(seed);
    const { bytes, encrypted } = this.keyRing.seal(seed, publicKey);
    return { publicKey, privateKey: bytes, encrypted };
  }

  /**
   * The signer of an instance.
   * @throws Error when the key is gone (deleted instance) or was encrypted with another key
   */
  async signerOf(instanceSerial: bigint): Promise<EddsaSigner> {
    const known = this.signers.get(instanceSerial);
    if (known) return known;
    const { changes } = this;
    const [row] = await this.database.query<KeyRow>(READ_KEY, [instanceSerial]);
    if (!row?.private_key) throw new Error(`instance ${instanceSerial} has no private key`);
    const signer = createSigner(this.unseal(row));
    if (!signer.publicKey.equals(row.merchant_pub)) {
      throw new Error(`the private key of instance ${instanceSerial} does not fit its public key`);
    }
    if (changes !== this.changes) return signer;
    const [oldest] = this.signers.keys();
    if (this.signers.size >= SIGNERS_MAX && oldest !== undefined) this.signers.delete(oldest);
    this.signers.set(instanceSerial, signer);
    return signer;
  }

  private unseal(row: KeyRow): Buffer {
    return this.keyRing.open(secretOf(row), row.merchant_pub);
  }

  /**
   * Encrypts the stored key with the key of now, if it is not so already; running servers need both meanwhile.
   * @returns whether there was something to do
   * @throws Error when the stored key cannot be opened
   */
  async reseal(tx: Tx, instanceSerial: bigint): Promise<boolean> {
    const [row] = await tx.query<KeyRow>(LOCK_KEY, [instanceSerial]);
    if (!row?.private_key) return false;
    const renewed = this.keyRing.renew(secretOf(row), row.merchant_pub);
    if (!renewed) return false;
    await tx.query(WRITE_KEY, [instanceSerial, renewed.bytes, renewed.encrypted]);
    return true;
  }
}

function secretOf(row: KeyRow): StoredSecret {
  return { bytes: row.private_key as Buffer, encrypted: row.key_encrypted };
}
