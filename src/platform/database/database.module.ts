import { DynamicModule, Global, Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import type { DataSourceOptions } from 'typeorm';
import { AppConfig } from '../config/config';
import { Database } from './database';
import { dataSourceOptions } from './data-source-options';
import { Transactor } from './transactor';

/** The connection pool, its transactions and its prepared statements. */
@Global()
@Module({})
export class DatabaseModule {
  /** @param entities of all features; handed in by the app so that the platform knows none of them */
  static with(entities: DataSourceOptions['entities']): DynamicModule {
    return {
      module: DatabaseModule,
      imports: [
        TypeOrmModule.forRootAsync({
          inject: [AppConfig],
          useFactory: (config: AppConfig) => ({
            ...dataSourceOptions({ url: config.databaseUrl, poolSize: config.databasePoolSize, entities }),
            retryAttempts: 0,
          }),
        }),
      ],
      providers: [Database, Transactor],
      exports: [Database, Transactor],
    };
  }
}
