/** Runs a few pieces of work at once; a bounded number waits, and beyond that nobody is let in. */
export class WorkQueue {
  private running = 0;
  private readonly waiting: (() => void)[] = [];

  /**
   * @param atOnceMax pieces of work at once
   * @param waitingMax that may wait
   */
  constructor(
    private readonly atOnceMax: number,
    private readonly waitingMax: number,
  ) {}

  /** @throws what `refuse` makes when too many wait already */
  async run<T>(work: () => Promise<T>, refuse: () => Error): Promise<T> {
    if (this.running >= this.atOnceMax) {
      if (this.waiting.length >= this.waitingMax) throw refuse();
      // Whoever ends hands his place over, so that nobody slips in between.
      await new Promise<void>((resolve) => this.waiting.push(resolve));
    } else this.running++;
    try {
      return await work();
    } finally {
      const next = this.waiting.shift();
      if (next) next();
      else this.running--;
    }
  }
}
