import { floorToSecond, type Timestamp } from '../../src/taler/timestamp';

/** The time of the sandbox: that of the machine (or of a test) plus an offset that the operator may move. */
export class SandboxClock {
  private offsetUs = 0n;

  constructor(private readonly machineUs: () => bigint) {}

  /** Now, rounded down to the full second as every time of the protocol is (conventions.md 3). */
  now(): Timestamp {
    return this.nowWith(this.offsetUs);
  }

  /** What `now` would say with another offset. */
  nowWith(offsetUs: bigint): Timestamp {
    return floorToSecond(this.machineUs() + offsetUs);
  }

  /** @param offsetUs microseconds by which the sandbox is ahead of the machine; replaces the last offset */
  setOffset(offsetUs: bigint): void {
    this.offsetUs = offsetUs;
  }
}
