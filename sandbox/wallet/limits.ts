/** The bounds of everything the wallet waits for, repeats, reads or collects. Times in milliseconds. */

/** One ordinary request with its answer. The reference client gives up after a similar time. */
export const REQUEST_TIMEOUT_MS = 30_000;
/** POST pay: the merchant allows its exchanges 15 s and more (exchange.md 3), so it may take long to answer. */
export const PAY_TIMEOUT_MS = 60_000;
/** GET keys (exchange.md 2 names 120 s for a request that an exchange without keys may hold back). */
export const KEYS_TIMEOUT_MS = 120_000;
/** How long verified keys are used again without asking; the reference client never keeps them for less. */
export const KEYS_CACHE_MS = 120_000;
/** How much later than `timeout_ms` the answer to a long poll may come (conventions.md 5.6: 100 ms to 500 ms). */
export const LONG_POLL_GRACE_MS = 5_000;
/** The longest a single long poll asks the other side to wait. */
export const LONG_POLL_MAX_MS = 300_000;

/** Size of an answer. Contracts carry product images, so they may be as large as the merchant's bodies. */
export const ANSWER_BYTES_MAX = 9 * 1024 * 1024;
/** Size of /keys, the largest answer of all: the body limit of the exchange itself (conventions.md 5.2). */
export const KEYS_BYTES_MAX = 16 * 1024 * 1024;

/** How often a request is sent that may be repeated, the first time included. */
export const ATTEMPTS_MAX = 5;
/** Pause before the second attempt; it doubles up to the largest pause. */
export const RETRY_DELAY_FIRST_MS = 100;
export const RETRY_DELAY_MAX_MS = 2_000;

/** How long a withdrawal waits for the money to arrive in the reserve, in long polls of this length. */
export const RESERVE_WAIT_MS = 60_000;
export const RESERVE_POLL_MS = 10_000;
export const RESERVE_PAUSE_MS = 200;

/** Coins in one batch-withdraw request (crypto.md 6). */
export const WITHDRAW_BATCH_MAX = 64;
/** Coins of one withdrawal; more means that the denominations do not fit the amount. */
export const WITHDRAW_COINS_MAX = 1024;

/** Coins of one payment: their JSON, about 1 KiB each, must stay below the 1 MiB of a pay body. */
export const PAYMENT_COINS_MAX = 512;
/** How often a payment looks for other coins, after a double spend or a refusing exchange. */
export const RESELECTIONS_MAX = 16;

/** Clocks of wallet, exchange and merchant may differ by this much (crypto.md 5). */
export const CLOCK_TOLERANCE_US = 3_600_000_000n;

/** How long opening a wallet waits for another process to let go of the state file. */
export const LOCK_WAIT_MS = 10_000;
export const LOCK_POLL_MS = 50;
/** The lock on the lock: held for a few system calls only, so an old one belongs to a process that died. */
export const LOCK_BREAK_STALE_MS = 10_000;
/** A lock file without content this old was left by a process that died between creating and writing it. */
export const LOCK_EMPTY_STALE_MS = 2_000;
