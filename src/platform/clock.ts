import { Injectable } from '@nestjs/common';

/** The one source of "now". Tests put their own in its place: time is moved, not slept. */
export abstract class Clock {
  /** Now in microseconds since 1970 UTC (not rounded to seconds). */
  abstract nowUs(): bigint;
}

/** The clock of the machine. */
@Injectable()
export class SystemClock extends Clock {
  override nowUs(): bigint {
    return BigInt(Date.now()) * 1000n;
  }
}
