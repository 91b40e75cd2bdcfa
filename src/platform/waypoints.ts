import { Injectable } from '@nestjs/common';

/**
 * Named places on the way of the money, where a crash must do no harm. Passing one does nothing; the tests of crash
 * safety stop the process there.
 */
@Injectable()
export class Waypoints {
  /** @param _place such as "pay: attempt stored" */
  pass(_place: string): void {}
}
