import { Clock } from '../../src/platform/clock';

/** A clock that tests move. Starts at the machine's time, since certificates of the sandbox exchange do too. */
export class TestClock extends Clock {
  private offsetUs = 0n;
  private stoppedUs: bigint | undefined;

  override nowUs(): bigint {
    return (this.stoppedUs ?? BigInt(Date.now()) * 1000n) + this.offsetUs;
  }

  advanceSeconds(seconds: number): void {
    this.offsetUs += BigInt(seconds) * 1_000_000n;
  }

  /**
   * From now on time passes only when a test moves the clock: what holds for a minute holds on a machine that stalls for
   * one, too, and what is remembered for a while is not forgotten by itself.
   */
  stop(): void {
    this.stoppedUs ??= BigInt(Date.now()) * 1000n;
  }
}
