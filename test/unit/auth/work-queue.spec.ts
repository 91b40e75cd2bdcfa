import { setTimeout as delay } from 'node:timers/promises';
import { WorkQueue } from '../../../src/crypto/work-queue';

describe('a queue of work', () => {
  const refuse = () => new Error('full');

  it('runs so many at once and no more, all of them in the end', async () => {
    const queue = new WorkQueue(2, 100);
    let running = 0;
    let most = 0;
    const results = await Promise.all(
      Array.from({ length: 30 }, (_, index) =>
        queue.run(async () => {
          most = Math.max(most, ++running);
          await delay(index % 3);
          running--;
          return index;
        }, refuse),
      ),
    );
    expect(results).toEqual(Array.from({ length: 30 }, (_, index) => index));
    expect(most).toBe(2);
  });

  it('refuses at once when too many wait, and takes more when there is room again', async () => {
    const queue = new WorkQueue(1, 2);
    const ends: (() => void)[] = [];
    const work = () => new Promise<void>((resolve) => ends.push(resolve));
    const accepted = [1, 2, 3].map(() => queue.run(work, refuse));
    await expect(queue.run(work, refuse)).rejects.toThrow('full');
    for (let done = 0; done < 3; done++) {
      ends[done]?.();
      await accepted[done];
    }
    await expect(queue.run(() => Promise.resolve('again'), refuse)).resolves.toBe('again');
  });

  it('goes on after work that fails', async () => {
    const queue = new WorkQueue(1, 5);
    const failing = queue.run(() => Promise.reject(new Error('work')), refuse);
    const next = queue.run(() => Promise.resolve('next'), refuse);
    await expect(failing).rejects.toThrow('work');
    await expect(next).resolves.toBe('next');
  });
});
