/** More waiting requests than this are answered at once: a bound on memory, far above any test. */
const MAX_WAITERS = 10_000;

/**
 * Long polling (conventions.md 5.6): requests wait under a topic until something happens there, the time is up,
 * the client goes away or the server closes. Whoever wakes up looks again; nothing is said about the reason.
 */
export class Waiters {
  private readonly waiting = new Map<string, Set<() => void>>();
  private count = 0;
  private closed = false;

  /**
   * Repeats `look` until it finds something.
   *
   * @param timeoutMs at most this long, then the last answer of `look` counts
   */
  async until<T>(options: {
    topic: string;
    timeoutMs: number;
    gone: AbortSignal;
    look: () => T;
    isFinal: (seen: T) => boolean;
  }): Promise<T> {
    const { topic, timeoutMs, gone, look, isFinal } = options;
    const deadline = Date.now() + timeoutMs;
    for (;;) {
      const seen = look();
      const left = deadline - Date.now();
      if (isFinal(seen) || left <= 0 || gone.aborted || this.closed || this.count >= MAX_WAITERS) return seen;
      await this.wait(topic, left, gone);
    }
  }

  wake(topic: string): void {
    for (const resume of [...(this.waiting.get(topic) ?? [])]) resume();
  }

  wakeAll(): void {
    for (const topic of [...this.waiting.keys()]) this.wake(topic);
  }

  /** Answers everybody who waits, and from now on nobody waits any more. */
  close(): void {
    this.closed = true;
    this.wakeAll();
  }

  private wait(topic: string, timeoutMs: number, gone: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const here = this.waiting.get(topic) ?? new Set();
      this.waiting.set(topic, here);
      const resume = (): void => {
        if (!here.delete(resume)) return;
        this.count -= 1;
        if (here.size === 0 && this.waiting.get(topic) === here) this.waiting.delete(topic);
        clearTimeout(timer);
        gone.removeEventListener('abort', resume);
        resolve();
      };
      const timer = setTimeout(resume, timeoutMs);
      gone.addEventListener('abort', resume, { once: true });
      here.add(resume);
      this.count += 1;
    });
  }
}
