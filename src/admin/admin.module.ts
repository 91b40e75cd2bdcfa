import { DynamicModule, Module } from '@nestjs/common';
import { AuthModule } from '../auth/auth.module';
import { CryptoModule } from '../crypto/crypto.module';
import { ENTITIES } from '../entities';
import { InstancesModule } from '../instances/instances.module';
import { MfaModule } from '../mfa/mfa.module';
import { AppConfig } from '../platform/config/config';
import { ConfigModule } from '../platform/config/config.module';
import { DatabaseModule } from '../platform/database/database.module';
import { EventsModule } from '../platform/events/events.module';
import { JobsModule } from '../platform/jobs/jobs.module';
import type { Log } from '../platform/observability/log';
import { PlatformModule } from '../platform/platform.module';
import { ProvisioningModule } from '../provisioning/provisioning.module';
import { RotateEncryption } from './rotate-encryption';

/** Connections that a command needs: one for its transaction, one for messages to the servers. */
const CONNECTIONS = 2;

/** The use cases of the backend without its HTTP side, and without what works on its own: jobs, exchanges. */
@Module({ providers: [RotateEncryption] })
export class AdminModule {
  static with(config: AppConfig, log: Log): DynamicModule {
    const quiet = new AppConfig({
      ...config,
      runJobs: false,
      databasePoolSize: CONNECTIONS,
      exchanges: [],
      terms: undefined,
      privacy: undefined,
    });
    return {
      module: AdminModule,
      imports: [
        ConfigModule.with(quiet),
        PlatformModule.with(log),
        DatabaseModule.with(ENTITIES),
        EventsModule,
        JobsModule,
        CryptoModule,
        InstancesModule,
        AuthModule,
        MfaModule,
        ProvisioningModule,
      ],
    };
  }
}
