import type { TanChannel } from '../platform/config/config';

/** What was sent last. */
export interface SentCode {
  readonly codeHash: Buffer;
  /** Last moment to confirm. */
  readonly expiresUs: bigint;
  /** Not before then another one is sent. */
  readonly retransmissionUs: bigint;
  readonly attemptsLeft: number;
}

/** A code that is to come back from one address (management.md 3.1). */
export interface Challenge {
  readonly serial: bigint;
  /** undefined: of an instance that is still to be created. */
  readonly instanceSerial: bigint | undefined;
  readonly operation: string;
  readonly secretHash: Buffer;
  readonly requestHash: Buffer;
  readonly channel: TanChannel;
  readonly address: string;
  readonly expiresUs: bigint;
  readonly sent: SentCode | undefined;
  readonly isSolved: boolean;
  readonly isUsed: boolean;
}
