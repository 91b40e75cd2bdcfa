import { Module } from '@nestjs/common';
import { CryptoModule } from '../crypto/crypto.module';
import { ExchangeModule } from '../exchange/exchange.module';
import { InstancesModule } from '../instances/instances.module';
import { EarlyTosRepository } from './early-tos.repository';
import { KycChecker } from './kyc-checker';
import { KycOverview } from './kyc-overview';
import { KycStatusRepository } from './kyc-status.repository';
import { KycStepsController } from './kyc-steps.controller';
import { KycWatch } from './kyc-watch';
import { KycController } from './kyc.controller';
import { ManagedKycController } from './managed-kyc.controller';
import { AcceptTosEarly } from './use-cases/accept-tos-early';
import { GetAuthInstructions } from './use-cases/get-auth-instructions';
import { GetKyc } from './use-cases/get-kyc';

/** What exchanges want to know of merchants, and how far that is. */
@Module({
  imports: [CryptoModule, ExchangeModule, InstancesModule],
  controllers: [KycController, ManagedKycController, KycStepsController],
  providers: [
    KycStatusRepository,
    EarlyTosRepository,
    KycOverview,
    KycChecker,
    KycWatch,
    GetKyc,
    GetAuthInstructions,
    AcceptTosEarly,
  ],
})
export class KycModule {}
