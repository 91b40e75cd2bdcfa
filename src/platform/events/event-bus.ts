import { Inject, Injectable } from '@nestjs/common';
import { LOG, type Log } from '../observability/log';
import type { Topic, TopicKind } from './topics';

type Listener = (topic: Topic) => void;

/**
 * Carries topics between the processes that share a database. PostgreSQL's NOTIFY is the one in use; a broker can
 * take its place where commits per second outgrow it.
 */
export abstract class EventTransport {
  /** Tells the other processes; never fails the caller, may lose the hint when the connection is down. */
  abstract send(topic: Topic): void;
}

/**
 * Hands topics to whoever waits for them: within this process at once, to the others through the transport.
 * Publish only after COMMIT (`tx.afterCommit`), so that whoever looks again sees the new state.
 */
@Injectable()
export class EventBus {
  private readonly byTopic = new Map<Topic, Set<Listener>>();
  private readonly byKind = new Map<TopicKind, Set<Listener>>();
  private transport: EventTransport | undefined;

  constructor(@Inject(LOG) private readonly log: Log) {}

  connect(transport: EventTransport): void {
    this.transport = transport;
  }

  /** Wakes the listeners of `topic` here and in all other processes. */
  publish(topic: Topic): void {
    this.deliver(topic);
    this.transport?.send(topic);
  }

  /** Wakes the listeners of this process only; what the transport calls for topics from elsewhere. */
  deliver(topic: Topic): void {
    this.callAll(this.byTopic.get(topic), topic);
    this.callAll(this.byKind.get(topic.slice(0, topic.indexOf(':')) as TopicKind), topic);
  }

  /** Wakes everybody: after a gap in the transport nobody knows what was missed. */
  deliverAll(): void {
    for (const topic of [...this.byTopic.keys()]) this.deliver(topic);
    for (const [kind, listeners] of this.byKind) this.callAll(listeners, `${kind}:`);
  }

  /** @returns a function that ends the subscription */
  subscribe(topic: Topic, listener: Listener): () => void {
    return add(this.byTopic, topic, listener);
  }

  /** Every topic of a kind; after a gap the listener is called with the bare `kind:`. */
  subscribeKind(kind: TopicKind, listener: Listener): () => void {
    return add(this.byKind, kind, listener);
  }

  private callAll(listeners: ReadonlySet<Listener> | undefined, topic: Topic): void {
    if (!listeners) return;
    for (const listener of [...listeners]) {
      try {
        listener(topic);
      } catch (error) {
        // One listener's bug must not keep the others asleep.
        this.log.error({ err: error, topic }, 'an event listener failed');
      }
    }
  }
}

function add<K>(listenersByKey: Map<K, Set<Listener>>, key: K, listener: Listener): () => void {
  let listeners = listenersByKey.get(key);
  if (!listeners) listenersByKey.set(key, (listeners = new Set()));
  listeners.add(listener);
  return () => {
    listeners.delete(listener);
    if (listeners.size === 0 && listenersByKey.get(key) === listeners) listenersByKey.delete(key);
  };
}
