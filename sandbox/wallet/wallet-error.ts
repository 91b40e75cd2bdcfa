import type { JsonValue } from '../../src/taler/json';

/**
 * Why the wallet could not do what it was asked for:
 * - `invalid-argument`: a URI, amount or option that cannot be used; nothing was sent.
 * - `unreachable`, `timeout`: no whole answer of the other side; it may or may not have acted.
 * - `refused`: an answer with a 4xx status; `status` and `body` hold it.
 * - `server-failed`: still a 5xx status after all repetitions.
 * - `bad-answer`: an answer that does not have the promised form.
 * - `bad-signature`: an answer whose signature does not verify.
 * - `wrong-contract`: a well-signed contract for another shop, order or wallet.
 * - `unknown-order`, `not-claimed`, `not-paid`, `payment-started`: the order is not in the state for this.
 * - `offer-expired`: the pay deadline has passed.
 * - `choice-needed`, `unsupported`: the contract wants something that was not said, or that this wallet lacks.
 * - `insufficient-balance`: the coins that may be used do not suffice.
 * - `exchange-unusable`: the keys of the exchange are not to be trusted, or have nothing to withdraw.
 * - `wallet-locked`, `state-damaged`: another process uses the state file, or the file is not ours.
 */
export type WalletErrorKind =
  | 'invalid-argument'
  | 'unreachable'
  | 'timeout'
  | 'refused'
  | 'server-failed'
  | 'bad-answer'
  | 'bad-signature'
  | 'wrong-contract'
  | 'unknown-order'
  | 'not-claimed'
  | 'not-paid'
  | 'payment-started'
  | 'offer-expired'
  | 'choice-needed'
  | 'unsupported'
  | 'insufficient-balance'
  | 'exchange-unusable'
  | 'wallet-locked'
  | 'state-damaged';

/** Every expected failure of the wallet. `status` and `body` are those of the answer that caused it. */
export class WalletError extends Error {
  readonly kind: WalletErrorKind;
  readonly status: number | undefined;
  readonly body: JsonValue | undefined;

  constructor(
    kind: WalletErrorKind,
    message: string,
    details: { status?: number; body?: JsonValue; cause?: unknown } = {},
  ) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.name = 'WalletError';
    this.kind = kind;
    this.status = details.status;
    this.body = details.body;
  }

  /** The Taler error code of the answer, if it had one (conventions.md 7). */
  get code(): number | undefined {
    if (typeof this.body !== 'object' || this.body === null || Array.isArray(this.body)) return undefined;
    const code = this.body['code'];
    return typeof code === 'number' ? code : undefined;
  }
}
