import { DynamicModule, Module } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import { AuthModule } from './auth/auth.module';
import { PermissionGuard } from './auth/permission.guard';
import { ENTITIES } from './entities';
import { InstanceScopeGuard } from './instances/instance-scope.guard';
import { InstancesModule } from './instances/instances.module';
import { KycModule } from './kyc/kyc.module';
import { OrdersModule } from './orders/orders.module';
import { PaymentsModule } from './payments/payments.module';
import { MfaModule } from './mfa/mfa.module';
import { ValidatedAddressesGuard } from './mfa/validated-addresses.guard';
import { Clock } from './platform/clock';
import { AppConfig } from './platform/config/config';
import { ConfigModule } from './platform/config/config.module';
import { DatabaseModule } from './platform/database/database.module';
import { EventsModule } from './platform/events/events.module';
import { JsonBodyGuard } from './platform/http/json-body';
import { JobsModule } from './platform/jobs/jobs.module';
import { HealthController } from './platform/observability/health.controller';
import type { Log } from './platform/observability/log';
import { PlatformModule } from './platform/platform.module';
import { ProvisioningModule } from './provisioning/provisioning.module';
import { RefundsModule } from './refunds/refunds.module';

/** The whole backend: the platform, then the features along their arrows. */
@Module({ controllers: [HealthController] })
export class AppModule {
  static with(config: AppConfig, log: Log, clock?: Clock): DynamicModule {
    return {
      module: AppModule,
      // Guards run in the order in which they stand here (management.md 1.3): who is addressed, who may, what is sent.
      providers: [
        { provide: APP_GUARD, useClass: InstanceScopeGuard },
        { provide: APP_GUARD, useClass: PermissionGuard },
        { provide: APP_GUARD, useClass: ValidatedAddressesGuard },
        { provide: APP_GUARD, useClass: JsonBodyGuard },
      ],
      imports: [
        ConfigModule.with(config, clock),
        PlatformModule.with(log),
        DatabaseModule.with(ENTITIES),
        EventsModule,
        JobsModule,
        // Express tries routes in the order of registration: what is polled most comes first.
        OrdersModule,
        PaymentsModule,
        RefundsModule,
        InstancesModule,
        AuthModule,
        MfaModule,
        ProvisioningModule,
        KycModule,
      ],
    };
  }
}
