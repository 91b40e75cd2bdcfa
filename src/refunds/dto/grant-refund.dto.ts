import { AmountField, Base32Field, TextField } from '../../platform/http/fields';
import type { Amount } from '../../taler/amount';

/** Shown in every status of the order (refund_details), hence short. */
const REASON_LENGTH_MAX = 1024;

/** RefundRequest (orders.md 4.6). */
export class GrantRefundDto {
  @AmountField({ description: 'the new total refunded for this order, not an increment' })
  refund!: Amount;
  @TextField({ lengthMax: REASON_LENGTH_MAX, description: 'for the shop; the wallet does not see it' })
  reason!: string;
}

/** MerchantRefundResponse (orders.md 4.6). */
export class MerchantRefundResponse {
  @TextField({ description: 'taler://refund/… for the customer' })
  taler_refund_uri!: string;
  @Base32Field(64, { description: 'opens the public status of the order' })
  h_contract!: string;
}
