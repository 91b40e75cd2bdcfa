import { Module } from '@nestjs/common';
import { CryptoModule } from '../crypto/crypto.module';
import { ExchangeModule } from '../exchange/exchange.module';
import { InstancesModule } from '../instances/instances.module';
import { OrdersModule } from '../orders/orders.module';
import { PaymentsModule } from '../payments/payments.module';
import { ObtainRefunds } from './obtain-refunds';
import { OwedCoinsRepository } from './owed-coins.repository';
import { PrivateRefundsController } from './private-refunds.controller';
import { RefundLimits } from './refund-limits';
import { ReturnCoinsJob } from './return-coins.job';
import { AbortPayment } from './use-cases/abort-payment';
import { CollectRefunds } from './use-cases/collect-refunds';
import { GrantRefund } from './use-cases/grant-refund';
import { ReturnCoins } from './use-cases/return-coins';
import { WalletRefundsController } from './wallet-refunds.controller';

/** Money back: what shops grant, what wallets collect, and payments that were given up. */
@Module({
  imports: [CryptoModule, ExchangeModule, InstancesModule, OrdersModule, PaymentsModule],
  controllers: [PrivateRefundsController, WalletRefundsController],
  providers: [
    GrantRefund,
    CollectRefunds,
    AbortPayment,
    ReturnCoins,
    ObtainRefunds,
    RefundLimits,
    OwedCoinsRepository,
    ReturnCoinsJob,
  ],
})
export class RefundsModule {}
