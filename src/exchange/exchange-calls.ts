import type { Amount } from '../taler/amount';
import type { BatchDepositRequest } from './deposit-call';
import type { TrustedExchange } from './exchange-directory';
import type { ExchangeKeys } from './exchange-keys';

/** What all calls have in common. */
interface Call {
  readonly exchange: TrustedExchange;
  /** The keys with which the caller judged the coins. */
  readonly keys: ExchangeKeys;
  readonly signal?: AbortSignal;
}

export interface BatchDepositCall extends Call {
  readonly request: BatchDepositRequest;
  readonly timeoutMs: number;
}

export interface RefundCall extends Call {
  readonly request: {
    readonly coinPub: Buffer;
    readonly hContract: Buffer;
    readonly merchantPub: Buffer;
    /** Its own for each refund of a coin; repeated with another amount it is refused (424). */
    readonly rtransactionId: bigint;
    /** Gross: with the refund fee; never below it, as that is answered by 500 (exchange.md 12, trap 6). */
    readonly refundAmount: Amount;
    /** Purpose 1102. */
    readonly merchantSig: Buffer;
  };
}

export interface TrackCall extends Call {
  readonly request: {
    readonly hWire: Buffer;
    readonly merchantPub: Buffer;
    readonly hContract: Buffer;
    readonly coinPub: Buffer;
    /** Purpose 1103. */
    readonly merchantSig: Buffer;
  };
  /** Without it the exchange answers at once. */
  readonly longPoll?: { readonly timeoutMs: number; readonly until: 'kyc-needed-or-wired' | 'wired' };
}
