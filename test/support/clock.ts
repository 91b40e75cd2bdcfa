import { Clock } from '../../src/platform/clock';

/** A clock that tests move. Starts at the machine's time, since certificates of the sandbox exchange do too. */
export class TestClock extends Clock {
  private offsetUs = 0n;

  override nowUs(): bigint {
    return BigInt(Date.now()) * 1000n + this.offsetUs;
  }

  advanceSeconds(seconds: number): void {
    this.offsetUs += BigInt(seconds) * 1_000_000n;
  }
}
