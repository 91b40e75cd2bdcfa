import { Module } from '@nestjs/common';
import { AuthModule } from '../auth/auth.module';
import { InstancesModule } from '../instances/instances.module';
import { FirstToken } from './first-token';
import { ForgotPasswordController } from './forgot-password.controller';
import { ManagedInstancesController } from './managed-instances.controller';
import { OwnLifeController } from './own-life.controller';
import { ProvisioningController } from './provisioning.controller';
import { Obligations } from './obligations';
import { ChangeAuth } from './use-cases/change-auth';
import { CreateManagedInstance } from './use-cases/create-managed-instance';
import { DeleteInstance } from './use-cases/delete-instance';
import { ForgotPassword } from './use-cases/forgot-password';
import { ProvisionInstance } from './use-cases/provision-instance';

/** How an instance comes into the world, changes its password and leaves: what needs both instances and tokens. */
@Module({
  imports: [InstancesModule, AuthModule],
  controllers: [
    ProvisioningController,
    ManagedInstancesController,
    OwnLifeController,
    ForgotPasswordController,
  ],
  providers: [
    FirstToken,
    Obligations,
    ProvisionInstance,
    CreateManagedInstance,
    ChangeAuth,
    DeleteInstance,
    ForgotPassword,
  ],
})
export class ProvisioningModule {}
