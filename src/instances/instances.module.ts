import { Module } from '@nestjs/common';
import { CryptoModule } from '../crypto/crypto.module';
import { ExchangeModule } from '../exchange/exchange.module';
import { AccountsController } from './accounts.controller';
import { CredentialVault } from './accounts/credential-vault';
import { ConfigController } from './config.controller';
import { ExchangesController } from './exchanges.controller';
import { InstanceDirectory } from './instance-directory';
import { InstancesRepository } from './instances.repository';
import { LegalTextController } from './legal/legal-text.controller';
import { ManagementInstancesController } from './management-instances.controller';
import { OwnInstanceController } from './own-instance.controller';
import { AddAccount } from './use-cases/add-account';
import { CreateInstance } from './use-cases/create-instance';
import { DeactivateAccount } from './use-cases/deactivate-account';
import { PatchAccount } from './use-cases/patch-account';
import { PatchInstance } from './use-cases/patch-instance';

/** Merchants, their bank accounts, and what the server says of itself. */
@Module({
  imports: [CryptoModule, ExchangeModule],
  controllers: [
    ConfigController,
    ExchangesController,
    LegalTextController,
    ManagementInstancesController,
    OwnInstanceController,
    AccountsController,
  ],
  providers: [
    InstancesRepository,
    InstanceDirectory,
    CredentialVault,
    CreateInstance,
    PatchInstance,
    AddAccount,
    PatchAccount,
    DeactivateAccount,
  ],
  exports: [InstancesRepository, InstanceDirectory, CreateInstance],
})
export class InstancesModule {}
