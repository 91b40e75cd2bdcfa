import { Module } from '@nestjs/common';
import { CryptoModule } from '../crypto/crypto.module';
import { ExchangeModule } from '../exchange/exchange.module';
import { InstancesModule } from '../instances/instances.module';
import { BoughtBefore } from './bought-before';
import { OrderErasureController } from './order-erasure.controller';
import { OrderErasureRepository } from './order-erasure.repository';
import { OrderCreationRepository } from './order-creation.repository';
import { OrderEvents } from './order-events';
import { OrderListController } from './order-list.controller';
import { OrderStatusRepository } from './order-status.repository';
import { OrdersController } from './orders.controller';
import { OrderListRepository } from './order-list.repository';
import { RemoveHeldJob } from './remove-held.job';
import { OrdersRepository } from './orders.repository';
import { RefundsRepository } from './refunds.repository';
import { ChoosePaymentTerms } from './payment-terms';
import { PollPaymentController } from './poll-payment.controller';
import { SessionOrdersRepository } from './session-orders.repository';
import { SessionsController } from './sessions.controller';
import { ClaimOrder } from './use-cases/claim-order';
import { CreateOrder } from './use-cases/create-order';
import { DeleteOrder } from './use-cases/delete-order';
import { ForgetOrder } from './use-cases/forget-order';
import { GetPrivateStatus } from './use-cases/get-private-status';
import { GetPublicStatus } from './use-cases/get-public-status';
import { GetSession } from './use-cases/get-session';
import { ListOrders } from './use-cases/list-orders';
import { PollPayment } from './use-cases/poll-payment';
import { ShowOrderPage } from './use-cases/show-order-page';
import { UnclaimOrder } from './use-cases/unclaim-order';
import { WalletOrdersController } from './wallet-orders.controller';

/** Orders from the shop's draft to the claimed contract, and everybody's view of them. */
@Module({
  imports: [CryptoModule, ExchangeModule, InstancesModule],
  controllers: [
    OrdersController,
    OrderListController,
    OrderErasureController,
    WalletOrdersController,
    SessionsController,
    PollPaymentController,
  ],
  providers: [
    OrdersRepository,
    OrderListRepository,
    OrderCreationRepository,
    OrderErasureRepository,
    RemoveHeldJob,
    OrderStatusRepository,
    SessionOrdersRepository,
    OrderEvents,
    RefundsRepository,
    ChoosePaymentTerms,
    BoughtBefore,
    CreateOrder,
    ClaimOrder,
    UnclaimOrder,
    ListOrders,
    DeleteOrder,
    ForgetOrder,
    GetPrivateStatus,
    GetPublicStatus,
    ShowOrderPage,
    GetSession,
    PollPayment,
  ],
  exports: [OrdersRepository, RefundsRepository, OrderEvents, BoughtBefore],
})
export class OrdersModule {}
