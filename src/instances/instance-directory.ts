import { Injectable } from '@nestjs/common';
import { TalerCode } from '../taler/error-codes';
import { isInstanceId } from '../taler/ids';
import { TalerError } from '../taler/taler-error';
import { EventBus } from '../platform/events/event-bus';
import type { Instance } from './instance';
import { InstancesRepository } from './instances.repository';

/** Instances kept in memory; the one that was read longest ago makes room. */
const INSTANCES_MAX = 10_000;

/**
 * The id under which an instance is stored: ids are compared without regard to case, and the admin instance was called
 * `default` up to protocol v20 (management.md 1.1), as old shop configurations still say.
 */
export function canonicalInstanceId(id: string): string {
  const lower = id.toLowerCase();
  return lower === 'default' ? 'admin' : lower;
}

/**
 * Finds the instance a request addresses, from memory where it can: every request needs it, and it hardly ever
 * changes. A change in any process drops the copy in all of them.
 */
@Injectable()
export class InstanceDirectory {
  private readonly known = new Map<string, Promise<Instance | undefined>>();

  constructor(
    private readonly instances: InstancesRepository,
    bus: EventBus,
  ) {
    bus.subscribeKind('instance', (topic) => {
      const id = topic.slice('instance:'.length);
      if (id === '') this.known.clear();
      else this.known.delete(id);
    });
  }

  /**
   * @param id as in the URL; compared without regard to case
   * @throws TalerError MERCHANT_GENERIC_INSTANCE_UNKNOWN
   */
  async get(id: string): Promise<Instance> {
    const instance = await this.find(id);
    if (!instance) throw new TalerError(TalerCode.MERCHANT_GENERIC_INSTANCE_UNKNOWN, { detail: id });
    return instance;
  }

  find(id: string): Promise<Instance | undefined> {
    // What cannot be an id belongs to nobody; the database never sees odd characters.
    if (!isInstanceId(id)) return Promise.resolve(undefined);
    const key = canonicalInstanceId(id);
    const known = this.known.get(key);
    if (known) return known;
    const loading = this.instances.findById(key);
    this.remember(key, loading);
    return loading;
  }

  private remember(key: string, loading: Promise<Instance | undefined>): void {
    const [oldest] = this.known.keys();
    if (this.known.size >= INSTANCES_MAX && oldest !== undefined) this.known.delete(oldest);
    this.known.set(key, loading);
    const forget = () => {
      if (this.known.get(key) === loading) this.known.delete(key);
    };
    // Neither a failure nor an absence is remembered: the instance may be created the next moment.
    loading.then((instance) => instance ?? forget(), forget);
  }
}
