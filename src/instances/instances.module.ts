import { Module } from '@nestjs/common';
import { CryptoModule } from '../crypto/crypto.module';
import { ExchangeModule } from '../exchange/exchange.module';
import { AccountsController } from './accounts.controller';
import { ConfigController } from './config.controller';
import { InstanceDirectory } from './instance-directory';
import { InstancesRepository } from './instances.repository';
import { ManagementInstancesController } from './management-instances.controller';
import { OwnInstanceController } from './own-instance.controller';
import { AddAccount } from './use-cases/add-account';
import { CreateInstance } from './use-cases/create-instance';

/** Merchants, their bank accounts, and what the server says of itself. */
@Module({
  imports: [CryptoModule, ExchangeModule],
  controllers: [ConfigController, ManagementInstancesController, OwnInstanceController, AccountsController],
  providers: [InstancesRepository, InstanceDirectory, CreateInstance, AddAccount],
  exports: [InstancesRepository, InstanceDirectory],
})
export class InstancesModule {}
