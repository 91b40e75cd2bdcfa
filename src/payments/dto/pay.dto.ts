import { SESSION_LENGTH_MAX } from '../../orders/order';
import {
  AmountField,
  Base32Field,
  BoolField,
  IntField,
  JsonField,
  ListField,
  PublicKeyField,
  TextField,
  TextListField,
} from '../../platform/http/fields';
import type { Amount } from '../../taler/amount';
import type { JsonObject } from '../../taler/json';

/** Most coins of one payment: 16 batches of 64. Change from a till makes a few dozen at the most. */
export const COINS_MAX = 1024;
const AGE_GROUPS_MAX = 32;
/** Token families of one choice: far more than anybody combines. */
const TOKENS_MAX = 256;

/** CoinPaySig (orders.md 5.3): a coin and its deposit permission. */
export class CoinPaySigDto {
  @Base32Field(64, { description: 'deposit permission (purpose 1201)' })
  coin_sig!: Buffer;
  // Not asked whether it is a point of the curve: its signature says so, at no extra cost.
  @Base32Field(32)
  coin_pub!: Buffer;
  @JsonField({ description: 'the unblinded signature of the denomination; passed on as it is' })
  ub_sig!: JsonObject;
  @Base32Field(64, { description: 'hash of the denomination key' })
  h_denom!: Buffer;
  @AmountField({ description: 'what this coin adds, deposit fee included' })
  contribution!: Amount;
  @TextField({ lengthMax: 2048, description: "base URL of the coin's exchange" })
  exchange_url!: string;
  @Base32Field(64, { optional: true, description: 'with orders for a minimum age (purpose 1207)' })
  minimum_age_sig?: Buffer;
  @TextListField({
    optional: true,
    lengthMax: AGE_GROUPS_MAX,
    textLengthMax: 52,
    description: 'Edx25519 public keys',
  })
  age_commitment?: string[];
  @Base32Field(32, { optional: true })
  h_age_commitment?: Buffer;
}

/** TokenUseSig (orders.md 5.3): a token and what it is used for. */
export class TokenUseSigDto {
  @Base32Field(64, { description: 'by the token over contract and wallet_data (purpose 1222)' })
  token_sig!: Buffer;
  @Base32Field(32)
  token_pub!: Buffer;
  @JsonField({ description: "the merchant's unblinded signature on the token" })
  ub_sig!: JsonObject;
  @Base32Field(64, { description: 'hash of the issuing public key' })
  h_issue!: Buffer;
}

/** PayRequest (orders.md 5.3). */
export class PayDto {
  @ListField(() => CoinPaySigDto, {
    lengthMax: COINS_MAX,
    description: 'empty only where nothing is to be paid',
  })
  coins!: CoinPaySigDto[];
  @JsonField({
    optional: true,
    description: 'covered by the coin signatures as a hash; a contract with choices needs its choice_index',
  })
  wallet_data?: JsonObject;
  @ListField(() => TokenUseSigDto, {
    optional: true,
    lengthMax: TOKENS_MAX,
    description: 'one for each token that the choice needs',
  })
  tokens?: TokenUseSigDto[];
  @TextField({
    optional: true,
    lengthMax: SESSION_LENGTH_MAX,
    description: 'browser session to bind the payment to',
  })
  session_id?: string;
}

/** PaymentResponse (orders.md 5.3). */
export class PaymentResponse {
  @Base32Field(64, { description: 'by the instance key over the contract hash (purpose 1104): the receipt' })
  sig!: string;
}

/** PaidRequest (orders.md 5.4). */
export class PaidDto {
  @Base32Field(64, { description: 'the receipt, as /pay gave it' })
  sig!: Buffer;
  @Base32Field(64)
  h_contract!: Buffer;
  @TextField({
    lengthMax: SESSION_LENGTH_MAX,
    description: 'the session payment is proven for; may be empty',
  })
  session_id!: string;
}

/** PaidRefundStatusResponse (orders.md 5.4). */
export class PaidRefundStatusResponse {
  @BoolField({ description: 'any refund was granted' })
  refunded!: boolean;
}

/** A permission to take a coin back that was paid in excess (orders.md 5.3, AlreadyPaidBody). */
export class ExcessRefund {
  @PublicKeyField()
  coin_pub!: string;
  @Base32Field(64)
  merchant_sig!: string;
  @IntField()
  rtransaction_id!: number;
}
