import { DynamicModule, Global, Module } from '@nestjs/common';
import { DiscoveryModule } from '@nestjs/core';
import { BaseUrls } from './http/base-url';
import { RouteAudit } from './http/route-audit';
import { LOG, type Log } from './observability/log';
import { Metrics } from './observability/metrics';
import { Waypoints } from './waypoints';

/** What every feature may use without asking: log, metrics, base URLs. */
@Global()
@Module({})
export class PlatformModule {
  static with(log: Log): DynamicModule {
    return {
      module: PlatformModule,
      imports: [DiscoveryModule],
      providers: [{ provide: LOG, useValue: log }, Metrics, BaseUrls, RouteAudit, Waypoints],
      exports: [LOG, Metrics, BaseUrls, RouteAudit, Waypoints],
    };
  }
}
