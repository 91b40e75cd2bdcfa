import { Inject, Injectable } from '@nestjs/common';
import { randomInt } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { Client } from 'pg';
import { AppConfig } from '../config/config';
import { Database, Statement } from '../database/database';
import { LOG, type Log } from '../observability/log';
import { EventBus, EventTransport } from './event-bus';
import type { Topic } from './topics';

const CHANNEL = 'taler_merchant';
/** First half of the advisory lock that tells other processes that this one is alive. */
export const PRESENCE_LOCK_CLASS = 741_511;
/** NOTIFY takes less than 8000 bytes. */
const PAYLOAD_BYTES_MAX = 7500;
/** Topics that wait for a NOTIFY under way; past it the oldest hints are dropped, waiters' deadlines still hold. */
const QUEUE_MAX = 100_000;
const HEARTBEAT_INTERVAL_MS = 10_000;
const HEARTBEAT_TIMEOUT_MS = 5_000;
const RECONNECT_DELAY_MS_MIN = 100;
const RECONNECT_DELAY_MS_MAX = 5_000;

/** For what is still to be sent at the end; a server has 4.5 s for all of it. */
const FAREWELL_MS_MAX = 1_000;

const NOTIFY: Statement = { name: 'notify', text: `select pg_notify('${CHANNEL}', $1)` };

/**
 * LISTEN on a connection of its own, NOTIFY on the pool.
 *
 * NOTIFY is sent after commit, in a statement of its own: inside a transaction it takes a lock of the whole
 * database at commit, which cost a third of the throughput when measured. Topics that gather while one NOTIFY is
 * under way leave together in the next. A heartbeat sends a message through PostgreSQL to ourselves, so that a
 * connection that died without a word is noticed; after every gap all waiters look again.
 */
@Injectable()
export class PgNotifyTransport extends EventTransport {
  /** Names this process in the messages and in the presence lock. */
  readonly processId = randomInt(1, 2 ** 31 - 1);
  private client: Client | undefined;
  private closed = false;
  /** Each topic once: who listens looks at the state of then. */
  private readonly queue = new Set<Topic>();
  private sending = false;
  /** Settles when nothing waits to be sent. */
  private flushed: Promise<void> = Promise.resolve();
  private heartbeat: NodeJS.Timeout | undefined;
  private lastHeardMs = 0;
  private listening = false;

  constructor(
    private readonly config: AppConfig,
    private readonly database: Database,
    private readonly bus: EventBus,
    @Inject(LOG) private readonly log: Log,
  ) {
    super();
  }

  /** True while messages of other processes arrive. */
  get healthy(): boolean {
    return this.listening;
  }

  /** Connects and listens; later losses are mended in the background. */
  async start(): Promise<void> {
    this.bus.connect(this);
    await this.listen();
    this.heartbeat = setInterval(() => void this.beat(), HEARTBEAT_INTERVAL_MS);
    this.heartbeat.unref();
  }

  override send(topic: Topic): void {
    if (this.closed) return;
    const [oldest] = this.queue;
    if (oldest !== undefined && this.queue.size >= QUEUE_MAX) this.queue.delete(oldest);
    this.queue.add(topic);
    if (!this.sending) this.flushed = this.flush();
  }

  /** Sends what is still to be sent, and says that this process is no more. */
  async stop(): Promise<void> {
    // A command ends right after its commit, and the servers are to hear of it.
    const timer = new AbortController();
    const tired = delay(FAREWELL_MS_MAX, undefined, { signal: timer.signal }).catch(() => undefined);
    await Promise.race([this.flushed, tired]);
    timer.abort();
    this.closed = true;
    clearInterval(this.heartbeat);
    await this.client?.end().catch(() => undefined);
  }

  private async flush(): Promise<void> {
    this.sending = true;
    // One turn of the loop later, so that commits of the same moment share a message.
    await new Promise((resolve) => setImmediate(resolve));
    while (this.queue.size > 0 && !this.closed) {
      const payload = this.takePayload();
      try {
        await this.database.query(NOTIFY, [payload]);
      } catch (error) {
        this.log.warn(
          { err: error },
          'NOTIFY failed; other processes will notice at their waiters deadlines',
        );
      }
    }
    this.sending = false;
  }

  private takePayload(): string {
    let payload = String(this.processId);
    let taken = 0;
    for (const topic of this.queue) {
      if (taken > 0 && Buffer.byteLength(payload) + Buffer.byteLength(topic) + 1 > PAYLOAD_BYTES_MAX) break;
      payload += `\n${topic}`;
      taken++;
      this.queue.delete(topic);
    }
    return payload;
  }

  private async listen(): Promise<void> {
    const client = new Client({
      connectionString: this.config.databaseUrl,
      application_name: 'taler-merchant listener',
      keepAlive: true,
    });
    client.on('notification', (message) => this.received(message.payload ?? ''));
    client.on('error', (error) => this.lost(client, error));
    client.on('end', () => this.lost(client, undefined));
    await client.connect();
    await client.query('select pg_advisory_lock($1, $2)', [PRESENCE_LOCK_CLASS, this.processId]);
    await client.query(`listen ${CHANNEL}`);
    this.client = client;
    this.lastHeardMs = performance.now();
    this.listening = true;
  }

  private received(payload: string): void {
    const [sender, ...topics] = payload.split('\n');
    if (sender === String(this.processId)) {
      this.lastHeardMs = performance.now();
      return; // our own waiters were woken when we published
    }
    for (const topic of topics) this.bus.deliver(topic as Topic);
  }

  private async beat(): Promise<void> {
    const client = this.client;
    if (!client || !this.listening) return;
    const silentMs = performance.now() - this.lastHeardMs;
    if (silentMs > HEARTBEAT_INTERVAL_MS + HEARTBEAT_TIMEOUT_MS) {
      this.lost(client, new Error(`no heartbeat for ${Math.round(silentMs)} ms`));
      return;
    }
    await this.database.query(NOTIFY, [String(this.processId)]).catch(() => undefined);
  }

  private lost(client: Client, error: Error | undefined): void {
    if (this.client !== client || this.closed) return;
    this.client = undefined;
    this.listening = false;
    this.log.error({ err: error }, 'the LISTEN connection was lost');
    client.end().catch(() => undefined);
    void this.reconnect();
  }

  private async reconnect(): Promise<void> {
    let delayMs = RECONNECT_DELAY_MS_MIN;
    while (!this.closed) {
      try {
        await this.listen();
        this.log.info('listening again; every waiter looks again');
        this.bus.deliverAll();
        return;
      } catch (error) {
        this.log.warn({ err: error, delayMs }, 'cannot listen yet');
      }
      await new Promise((resolve) => setTimeout(resolve, delayMs).unref());
      delayMs = Math.min(delayMs * 2, RECONNECT_DELAY_MS_MAX);
    }
  }
}
