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

/** For whom the back office is to arrange itself at first (management.md 5.1). */
export const PERSONAS = [
  'expert',
  'offline-vending-machine',
  'point-of-sale',
  'digital-publishing',
  'e-commerce',
  'developer',
] as const;
export type Persona = (typeof PERSONAS)[number];

/** Ways on which a code can reach the owner of an instance (management.md 3.1). */
export const TAN_CHANNELS = ['sms', 'email'] as const;
export type TanChannel = (typeof TAN_CHANNELS)[number];

/** A POSIX extended regular expression: as clients are told, and as we apply it. */
export interface Pattern {
  readonly text: string;
  readonly regExp: RegExp;
}

/** Where the texts of the terms of service or of the privacy policy lie (management.md 5.3). */
export interface LegalFolder {
  /** Holds one folder for each language, and that one file for each format. */
  readonly directory: string;
  /** Name of the files without extension, the version of the text; undefined: there is only one. */
  readonly version: string | undefined;
}

/** Where mails are handed over. */
export interface MailServer {
  readonly host: string;
  readonly port: number;
  /** TLS from the first byte; else STARTTLS where it is offered. */
  readonly secure: boolean;
  readonly user: string | undefined;
  readonly password: string | undefined;
  /** Sender of the mails. */
  readonly from: string;
}

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
  /** The one before it, while what it encrypted is being encrypted anew (`keys rotate-encryption`). */
  readonly keyEncryptionKeyOld?: Buffer | undefined;
  /** Instance defaults shown in /config (v22, v23), used where an instance has none of its own. */
  readonly defaultPayDelay!: RelativeTime;
  readonly defaultRefundDelay!: RelativeTime;
  readonly defaultWireTransferDelay!: RelativeTime;
  readonly defaultWireTransferRoundingInterval!: RoundingInterval;
  /** How long a paid order is kept for the law before it may be deleted (orders.md 4.4). */
  readonly legalPreservation!: RelativeTime;
  /** How long the tax office may ask for a paid contract: so long its instance is not purged (management.md 4.9). */
  readonly taxRecordPreservation!: RelativeTime;
  /** Whether strangers may create instances (management.md 4.2). */
  readonly selfProvisioning!: boolean;
  /** Addresses that every new instance must have; empty: none (management.md 3.1). */
  readonly mandatoryTanChannels!: readonly TanChannel[];
  /** Sends codes by mail; undefined: this channel cannot be used. */
  readonly mailServer?: MailServer | undefined;
  /** Program and first arguments that send codes by SMS; undefined: this channel cannot be used. */
  readonly smsCommand?: readonly string[] | undefined;
  readonly phoneRegex: Pattern | undefined;
  /** payto target types of bank accounts; undefined: all of them. */
  readonly paymentTargetTypes: readonly string[] | undefined;
  readonly paymentTargetRegex: Pattern | undefined;
  readonly defaultPersona!: Persona;
  readonly terms: LegalFolder | undefined;
  readonly privacy: LegalFolder | undefined;

  constructor(values: Omit<AppConfig, never>) {
    Object.assign(this, values);
    Object.freeze(this);
  }
}
