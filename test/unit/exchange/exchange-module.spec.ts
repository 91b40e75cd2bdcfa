import { Global, Module } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { ExchangeDirectory } from '../../../src/exchange/exchange-directory';
import { ExchangeKeysCache } from '../../../src/exchange/exchange-keys.cache';
import { ExchangeClient } from '../../../src/exchange/exchange.client';
import { ExchangeModule } from '../../../src/exchange/exchange.module';
import { ConfigModule } from '../../../src/platform/config/config.module';
import { Database, Statement } from '../../../src/platform/database/database';
import {
  answerJson,
  configWith,
  RECORDED_MASTER_PUB,
  RECORDED_NOW_US,
  recordedKeys,
  ScriptedServer,
  TestClock,
} from './support';

const statements: { statement: Statement; values: readonly unknown[] }[] = [];
const database = {
  query: (statement: Statement, values: readonly unknown[]) => {
    statements.push({ statement, values });
    return Promise.resolve([]);
  },
};

@Global()
@Module({ providers: [{ provide: Database, useValue: database }], exports: [Database] })
class FakeDatabaseModule {}

describe('the exchange module', () => {
  it('is put together by Nest, fetches the keys at the start and keeps them in the database', async () => {
    const server = await ScriptedServer.start();
    server.handler = (_request, response) => answerJson(response, 200, recordedKeys(server.baseUrl));
    const exchange = { baseUrl: server.baseUrl, masterPub: RECORDED_MASTER_PUB, currency: 'KUDOS' };
    const moduleRef = await Test.createTestingModule({
      imports: [
        ConfigModule.with(configWith([exchange]), new TestClock(RECORDED_NOW_US)),
        FakeDatabaseModule,
        ExchangeModule,
      ],
    }).compile();
    await moduleRef.init();

    const trusted = moduleRef.get(ExchangeDirectory).find(server.baseUrl);
    if (trusted === undefined) throw new Error('not configured');
    const keys = await moduleRef.get(ExchangeKeysCache).get(trusted);
    expect(keys.denominations.size).toBe(16);
    expect(moduleRef.get(ExchangeClient)).toBeInstanceOf(ExchangeClient);
    expect(server.count('/keys')).toBe(1);
    const saved = statements.find(({ statement }) => statement.name === 'exchange_keys_save');
    expect(saved?.values).toEqual([
      server.baseUrl,
      RECORDED_MASTER_PUB,
      JSON.stringify(recordedKeys(server.baseUrl)),
      RECORDED_NOW_US.toString(),
      keys.expiresUs.toString(),
    ]);

    await moduleRef.close();
    await server.close();
  });
});
