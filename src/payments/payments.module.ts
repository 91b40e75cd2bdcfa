import { Module } from '@nestjs/common';
import { CryptoModule } from '../crypto/crypto.module';
import { ExchangeModule } from '../exchange/exchange.module';
import { InstancesModule } from '../instances/instances.module';
import { OrdersModule } from '../orders/orders.module';
import { AttemptsRepository } from './attempts.repository';
import { BindSession } from './bind-session';
import { DepositCoins } from './deposit-coins';
import { PayController } from './pay.controller';
import { PlanPayment } from './payment-plan';
import { PaymentsRepository } from './payments.repository';
import { RecordBatch } from './record-batch';
import { RecoverPaymentsJob } from './recover-payments.job';
import { TurnTaker } from './turn-taker';
import { AnswerPaid } from './use-cases/answer-paid';
import { PayOrder } from './use-cases/pay-order';
import { ProvePayment } from './use-cases/prove-payment';
import { RecoverDeposits } from './use-cases/recover-deposits';
import { ResumeAttempt } from './use-cases/resume-attempt';

/** The money: deposits at exchanges, receipts, and what a crash must not forget. */
@Module({
  imports: [CryptoModule, ExchangeModule, InstancesModule, OrdersModule],
  controllers: [PayController],
  providers: [
    PaymentsRepository,
    AttemptsRepository,
    PlanPayment,
    DepositCoins,
    RecordBatch,
    BindSession,
    TurnTaker,
    AnswerPaid,
    PayOrder,
    ProvePayment,
    RecoverDeposits,
    ResumeAttempt,
    RecoverPaymentsJob,
  ],
  exports: [PaymentsRepository, AttemptsRepository, TurnTaker, RecoverDeposits],
})
export class PaymentsModule {}
