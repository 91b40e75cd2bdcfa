import { DynamicModule, Global, Module } from '@nestjs/common';
import { Clock, SystemClock } from '../clock';
import { AppConfig } from './config';

/** Gives every module the checked configuration and the clock. */
@Global()
@Module({})
export class ConfigModule {
  static with(config: AppConfig, clock: Clock = new SystemClock()): DynamicModule {
    return {
      module: ConfigModule,
      providers: [
        { provide: AppConfig, useValue: config },
        { provide: Clock, useValue: clock },
      ],
      exports: [AppConfig, Clock],
    };
  }
}
