import { Module } from '@nestjs/common';
import { ExchangeDirectory } from './exchange-directory';
import { ExchangeHttp } from './exchange-http';
import { ExchangeKeysCache } from './exchange-keys.cache';
import { ExchangeKeysSource } from './exchange-keys.source';
import { ExchangeKeysStore } from './exchange-keys.store';
import { ExchangeClient } from './exchange.client';
import { KycClient } from './kyc.client';

/** What the backend says to exchanges. Needs the global providers Clock, AppConfig and Database. */
@Module({
  providers: [
    ExchangeDirectory,
    ExchangeHttp,
    ExchangeKeysStore,
    ExchangeKeysSource,
    ExchangeKeysCache,
    ExchangeClient,
    KycClient,
  ],
  exports: [ExchangeDirectory, ExchangeKeysCache, ExchangeClient, KycClient],
})
export class ExchangeModule {}
