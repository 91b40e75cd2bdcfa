import { Global, Module, OnModuleInit } from '@nestjs/common';
import { EventBus } from './event-bus';
import { PgNotifyTransport } from './pg-notify.transport';
import { LongPollHub } from '../long-poll/long-poll.hub';

/** Wake-ups within and between processes, and the waiters they release. */
@Global()
@Module({
  providers: [EventBus, PgNotifyTransport, LongPollHub],
  exports: [EventBus, PgNotifyTransport, LongPollHub],
})
export class EventsModule implements OnModuleInit {
  constructor(private readonly transport: PgNotifyTransport) {}

  async onModuleInit(): Promise<void> {
    await this.transport.start();
  }
}
