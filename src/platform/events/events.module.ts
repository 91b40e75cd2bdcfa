import { Global, Injectable, Module, OnApplicationShutdown, OnModuleInit } from '@nestjs/common';
import { LongPollHub } from '../long-poll/long-poll.hub';
import { EventBus } from './event-bus';
import { PgNotifyTransport } from './pg-notify.transport';

/**
 * Stops the transport once the last request is answered: until then payments are announced, and the presence lock says that
 * those under way are in good hands.
 */
@Injectable()
class Farewell implements OnApplicationShutdown {
  constructor(private readonly transport: PgNotifyTransport) {}

  onApplicationShutdown(): Promise<void> {
    return this.transport.stop();
  }
}

/** A module that is not global: Nest shuts those down before the global ones, of which the pool is one. */
@Module({ providers: [Farewell] })
class FarewellModule {}

/** Wake-ups within and between processes, and the waiters they release. */
@Global()
@Module({
  imports: [FarewellModule],
  providers: [EventBus, PgNotifyTransport, LongPollHub],
  exports: [EventBus, PgNotifyTransport, LongPollHub],
})
export class EventsModule implements OnModuleInit {
  constructor(private readonly transport: PgNotifyTransport) {}

  async onModuleInit(): Promise<void> {
    await this.transport.start();
  }
}
