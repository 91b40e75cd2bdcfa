import { AmountField, Base32Field, BoolField, JsonField, TextField } from '../../platform/http/fields';
import { decodeBase32 } from '../../taler/base32';
import { isEddsaPublicKey } from '../../taler/eddsa';

/** ClaimRequest (orders.md 5.1). */
export class ClaimDto {
  @TextField({
    lengthMin: 52,
    lengthMax: 52,
    accepts: isNonce,
    expects: 'an Ed25519 public key in base32 (52 characters)',
    description: 'fresh public key of the wallet; kept as sent, since it becomes part of the contract',
  })
  nonce!: string;
  @Base32Field(16, { optional: true, description: 'claim token, if the order has one' })
  token?: Buffer;
}

/** ClaimResponse (orders.md 5.1). */
export class ClaimResponse {
  @JsonField({ description: 'ContractTerms (orders.md 8)' })
  contract_terms!: object;
  @Base32Field(64, { description: 'by the instance key over the contract hash (purpose 1101)' })
  sig!: string;
}

/** UnclaimRequest (orders.md 5.2). */
export class UnclaimDto {
  @Base32Field(64, { description: 'by the private key of the nonce over h_contract (purpose 1223)' })
  unclaim_sig!: Buffer;
  @Base32Field(32, { description: 'the claim nonce' })
  nonce!: Buffer;
  @Base32Field(64)
  h_contract!: Buffer;
}

/** StatusPaidResponse (orders.md 5.7). */
export class StatusPaidResponse {
  @TextField({ optional: true })
  fulfillment_url?: string;
  @BoolField()
  refunded!: boolean;
  @BoolField()
  refund_pending!: boolean;
  @AmountField()
  refund_amount!: string;
  @AmountField()
  refund_taken!: string;
}

/** StatusGotoResponse (orders.md 5.7). */
export class StatusGotoResponse {
  @TextField()
  public_reorder_url!: string;
}

/** StatusUnpaidResponse (orders.md 5.7). */
export class StatusUnpaidResponse {
  @TextField({ example: 'taler://pay/backend.example/instances/shop/2026.324-03G33PTAY2C6T/' })
  taler_pay_uri!: string;
  @TextField({ optional: true })
  fulfillment_url?: string;
  @TextField({ optional: true })
  already_paid_order_id?: string;
}

/** PollPaymentPaidResponse (orders.md 6). */
export class PollPaymentPaidResponse {
  @BoolField()
  paid!: boolean;
  @BoolField()
  refunded!: boolean;
  @AmountField({ optional: true })
  refund_amount?: string;
}

/** PollPaymentUnpaidResponse (orders.md 6). */
export class PollPaymentUnpaidResponse {
  @BoolField()
  paid!: boolean;
  @TextField()
  taler_pay_uri!: string;
  @TextField({ optional: true })
  already_paid_order_id?: string;
  @TextField({ optional: true })
  contract_url?: string;
}

function isNonce(text: string): boolean {
  const key = decodeBase32(text, 32);
  return key !== undefined && isEddsaPublicKey(key);
}
