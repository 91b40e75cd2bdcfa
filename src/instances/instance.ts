import type { JsonObject } from '../taler/json';
import type { RelativeTime } from '../taler/timestamp';
import type { RoundingInterval } from '../platform/config/config';

/** A bank account of an instance, identified by its h_wire (management.md 6.1). */
export interface BankAccount {
  readonly serial: bigint;
  readonly paytoUri: string;
  /** payto target type: "iban", "x-taler-bank", … */
  readonly wireMethod: string;
  readonly salt: Buffer;
  readonly hWire: Buffer;
  readonly active: boolean;
  readonly creditFacadeUrl: string | undefined;
  readonly extraWireSubjectMetadata: string | undefined;
}

/** A merchant with its own keys, accounts and orders, as the other features see it. */
export interface Instance {
  readonly serial: bigint;
  readonly id: string;
  readonly name: string;
  readonly email: string | undefined;
  /** Whether a code that was sent there came back (management.md 3.1). */
  readonly emailValidated: boolean;
  readonly phoneNumber: string | undefined;
  readonly phoneValidated: boolean;
  readonly website: string | undefined;
  readonly logo: string | undefined;
  readonly address: JsonObject;
  readonly jurisdiction: JsonObject;
  readonly useStefan: boolean;
  readonly merchantPub: Buffer;
  /** The instance's own value, else the server's default at the time of reading (management.md 4.1). */
  readonly defaultPayDelay: RelativeTime;
  readonly defaultRefundDelay: RelativeTime;
  readonly defaultWireTransferDelay: RelativeTime;
  readonly defaultWireTransferRoundingInterval: RoundingInterval;
  readonly deleted: boolean;
  /** All accounts, inactive ones included, in the order they were added. */
  readonly accounts: readonly BankAccount[];
}
