import { RelativeTime } from '../../taler/timestamp';

/** An exchange this backend trusts (exchange.md 2: "those configured in the backend"). */
export interface ExchangeSetting {
  /** Base URL with final slash. */
  readonly baseUrl: string;
  /** The master key the exchange must show, 32 bytes. */
  readonly masterPub: Buffer;
  readonly currency: string;
}

/** Calendar unit a wire deadline is rounded up to (orders.md 9.2). */
export const ROUNDING_INTERVALS = [
  'NONE',
  'SECOND',
  'MINUTE',
  'HOUR',
  'DAY',
  'WEEK',
  'MONTH',
  'QUARTER',
  'YEAR',
] as const;
export type RoundingInterval = (typeof ROUNDING_INTERVALS)[number];

/**
 * Everything the process was told from outside, checked and frozen once at start-up.
 * It is its own injection token; nobody else reads the environment.
 */
export class AppConfig {
  readonly production!: boolean;
  readonly host!: string;
  readonly port!: number;
  /** Number of processes that share the port (node:cluster). */
  readonly workers!: number;
  /** Whether this process takes jobs from the queue. */
  readonly runJobs!: boolean;
  readonly logLevel!: string;
  readonly databaseUrl!: string;
  /** Connections of one process to PostgreSQL, the listener not counted. */
  readonly databasePoolSize!: number;
  /** Public base URL with final slash; undefined: derived from each request (orders.md 9.5). */
  readonly baseUrl: string | undefined;
  /** Whether X-Forwarded-* is believed (orders.md 9.5: a deployment switch). */
  readonly trustProxy!: boolean;
  readonly currency!: string;
  readonly exchanges!: readonly ExchangeSetting[];
  /** `secret-token:…` with all rights on the admin instance and the management endpoints. */
  readonly merchantToken: string | undefined;
  /** 32 bytes; instance private keys are encrypted at rest with it. */
  readonly keyEncryptionKey: Buffer | undefined;
  /** Instance defaults shown in /config (v22, v23), used where an instance has none of its own. */
  readonly defaultPayDelay!: RelativeTime;
  readonly defaultRefundDelay!: RelativeTime;
  readonly defaultWireTransferDelay!: RelativeTime;
  readonly defaultWireTransferRoundingInterval!: RoundingInterval;
  /** How long a paid order is kept for the law before it may be deleted (orders.md 4.4). */
  readonly legalPreservation!: RelativeTime;

  constructor(values: Omit<AppConfig, never>) {
    Object.assign(this, values);
    Object.freeze(this);
  }
}
