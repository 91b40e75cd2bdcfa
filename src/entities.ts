import { LoginTokenEntity } from './auth/login-token.entity';
import { RateLimitEntity } from './auth/rate-limit.entity';
import { AccountEntity } from './instances/accounts/account.entity';
import { InstanceEntity } from './instances/instance.entity';
import { DeletedOrderEntity } from './orders/deleted-order.entity';
import { ChallengeEntity } from './mfa/challenge.entity';
import { OrderEntity } from './orders/order.entity';
import { RefundEntity } from './orders/refund.entity';
import { ReturnedContractEntity } from './orders/returned-contract.entity';
import { DepositConfirmationEntity } from './payments/deposit-confirmation.entity';
import { DepositEntity } from './payments/deposit.entity';
import { PaymentAttemptEntity } from './payments/payment-attempt.entity';
import { ExchangeKeysEntity } from './exchange/exchange-keys.entity';
import { EarlyTosEntity } from './kyc/early-tos.entity';
import { KycStatusEntity } from './kyc/kyc-status.entity';

/** All tables TypeORM knows, listed by hand: the drift test compares them with what the migrations made. */
export const ENTITIES = [
  InstanceEntity,
  AccountEntity,
  LoginTokenEntity,
  RateLimitEntity,
  ChallengeEntity,
  OrderEntity,
  DeletedOrderEntity,
  ReturnedContractEntity,
  PaymentAttemptEntity,
  DepositConfirmationEntity,
  DepositEntity,
  RefundEntity,
  ExchangeKeysEntity,
  KycStatusEntity,
  EarlyTosEntity,
];
