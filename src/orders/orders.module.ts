import { Module } from '@nestjs/common';
import { CryptoModule } from '../crypto/crypto.module';
import { ExchangeModule } from '../exchange/exchange.module';
import { InstancesModule } from '../instances/instances.module';
import { BoughtBefore } from './bought-before';
import { OrderEvents } from './order-events';
import { OrdersController } from './orders.controller';
import { OrderListRepository } from './order-list.repository';
import { OrdersRepository } from './orders.repository';
import { RefundsRepository } from './refunds.repository';
import { ChoosePaymentTerms } from './payment-terms';
import { PollPaymentController } from './poll-payment.controller';
import { ClaimOrder } from './use-cases/claim-order';
import { CreateOrder } from './use-cases/create-order';
import { GetPrivateStatus } from './use-cases/get-private-status';
import { GetPublicStatus } from './use-cases/get-public-status';
import { ListOrders } from './use-cases/list-orders';
import { PollPayment } from './use-cases/poll-payment';
import { UnclaimOrder } from './use-cases/unclaim-order';
import { WalletOrdersController } from './wallet-orders.controller';

/** Orders from the shop's draft to the claimed contract, and everybody's view of them. */
@Module({
  imports: [CryptoModule, ExchangeModule, InstancesModule],
  controllers: [OrdersController, WalletOrdersController, PollPaymentController],
  providers: [
    OrdersRepository,
    OrderListRepository,
    OrderEvents,
    RefundsRepository,
    ChoosePaymentTerms,
    BoughtBefore,
    CreateOrder,
    ClaimOrder,
    UnclaimOrder,
    ListOrders,
    GetPrivateStatus,
    GetPublicStatus,
    PollPayment,
  ],
  exports: [OrdersRepository, RefundsRepository, OrderEvents, BoughtBefore],
})
export class OrdersModule {}
