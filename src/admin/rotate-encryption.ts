import { Injectable } from '@nestjs/common';
import { InstanceKeys } from '../crypto/instance-keys.service';
import { KeyRing } from '../crypto/key-ring';
import { InstancesRepository } from '../instances/instances.repository';
import type { Statement } from '../platform/database/database';
import { Transactor } from '../platform/database/transactor';
import type { Tx } from '../platform/database/tx';

const LOCK_CREDENTIALS: Statement = {
  name: 'rotate-lock-credentials',
  text: `select serial, h_wire, credit_facade_credentials, credentials_encrypted from accounts
    where instance_serial = $1 and credit_facade_credentials is not null order by serial for no key update`,
};
const WRITE_CREDENTIALS: Statement = {
  name: 'rotate-write-credentials',
  text: 'update accounts set credit_facade_credentials = $2, credentials_encrypted = $3 where serial = $1',
};

interface CredentialsRow {
  serial: string;
  h_wire: Buffer;
  credit_facade_credentials: Buffer;
  credentials_encrypted: boolean;
}

/** What came of a rotation. */
export interface Rotation {
  /** Secrets that are encrypted anew, private keys and credentials. */
  readonly renewed: number;
  /** Instances whose secrets could not be opened, with the reason. */
  readonly failures: readonly { readonly id: string; readonly reason: string }[];
}

/**
 * Encrypts every stored secret with the key of now: those of the key before it, and those that were not encrypted.
 * One transaction per instance; what was done is recognised, so that a run that was cut off is simply repeated. Servers
 * go on: with both keys configured they read either.
 */
@Injectable()
export class RotateEncryption {
  constructor(
    private readonly instances: InstancesRepository,
    private readonly keys: InstanceKeys,
    private readonly keyRing: KeyRing,
    private readonly transactor: Transactor,
  ) {}

  /** @throws Error when there is no key to encrypt with */
  async run(): Promise<Rotation> {
    this.keyRing.requireKey();
    let renewed = 0;
    const failures: { id: string; reason: string }[] = [];
    for (const { serial, id } of await this.instances.list()) {
      try {
        renewed += await this.transactor.run('rotate-encryption', (tx) => this.renewInstance(tx, serial));
      } catch (error) {
        // One that cannot be opened must not keep the others from it.
        failures.push({ id, reason: (error as Error).message });
      }
    }
    return { renewed, failures };
  }

  private async renewInstance(tx: Tx, instanceSerial: bigint): Promise<number> {
    let renewed = (await this.keys.reseal(tx, instanceSerial)) ? 1 : 0;
    for (const row of await tx.query<CredentialsRow>(LOCK_CREDENTIALS, [instanceSerial])) {
      const stored = { bytes: row.credit_facade_credentials, encrypted: row.credentials_encrypted };
      const anew = this.keyRing.renew(stored, row.h_wire);
      if (!anew) continue;
      await tx.query(WRITE_CREDENTIALS, [row.serial, anew.bytes, anew.encrypted]);
      renewed++;
    }
    return renewed;
  }
}
