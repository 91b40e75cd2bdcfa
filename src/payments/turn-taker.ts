import { Injectable } from '@nestjs/common';
import { EventBus } from '../platform/events/event-bus';
import type { Topic } from '../platform/events/topics';
import { TalerCode } from '../taler/error-codes';
import { TalerError } from '../taler/taler-error';

/** How often a waiting request looks by itself: the process that has the turn may have died without a word. */
const LOOK_AGAIN_MS = 1_000;

/** Lets the requests of one order pass one after the other, across processes. */
@Injectable()
export class TurnTaker {
  constructor(private readonly bus: EventBus) {}

  /**
   * Tries once; when somebody else has the turn, waits until that one has finished or a second has passed.
   * @param deadlineMs on the clock of performance.now()
   * @returns what `attempt` gave; after 'busy' and 'changed' look at the world again
   * @throws TalerError MERCHANT_GENERIC_EXCHANGE_TIMEOUT when the deadline passed without a turn
   */
  async take<T extends object>(
    topic: Topic,
    deadlineMs: number,
    attempt: () => Promise<T | 'busy' | 'changed'>,
  ): Promise<T | 'busy' | 'changed'> {
    // Subscribed before the attempt, so that a turn that ends right after it is not missed.
    let wake = (): void => undefined;
    const woken = new Promise<void>((resolve) => (wake = resolve));
    const unsubscribe = this.bus.subscribe(topic, () => wake());
    try {
      const result = await attempt();
      if (result !== 'busy') return result;
      if (performance.now() > deadlineMs) {
        throw new TalerError(TalerCode.MERCHANT_GENERIC_EXCHANGE_TIMEOUT, {
          detail: 'another payment of this order is still under way',
        });
      }
      await this.pause(woken);
      return result;
    } finally {
      unsubscribe();
    }
  }

  private async pause(woken: Promise<void>): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const elapsed = new Promise<void>((resolve) => (timer = setTimeout(resolve, LOOK_AGAIN_MS)));
    await Promise.race([woken, elapsed]);
    clearTimeout(timer);
  }
}
