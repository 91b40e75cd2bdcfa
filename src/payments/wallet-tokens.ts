import { malformedField } from '../platform/http/malformed';
import { TalerCode } from '../taler/error-codes';
import { TalerError } from '../taler/taler-error';
import type { ContractView } from './contract-view';
import type { PayDto } from './dto/pay.dto';

/**
 * Holds the tokens of a request against what the choice asks for and gives (orders.md 5.3, step 7): nothing, since no
 * order with token families can be made. A contract with one price knows no tokens, and looks at none.
 * @throws TalerError 2181 for tokens, 2182 for envelopes, 2028 (501) for a donation receipt
 */
export function checkTokens(contract: ContractView, request: PayDto): void {
  if (contract.choiceIndex === undefined) return;
  if ((request.tokens ?? []).length > 0) {
    throw new TalerError(TalerCode.MERCHANT_POST_ORDERS_ID_PAY_TOKEN_COUNT_MISMATCH, { detail: 'tokens' });
  }
  const envelopes = request.wallet_data?.['tokens_evs'] ?? [];
  if (!Array.isArray(envelopes)) {
    throw malformedField('wallet_data.tokens_evs', 'must be an array');
  }
  if (envelopes.length > 0) {
    throw new TalerError(TalerCode.MERCHANT_POST_ORDERS_ID_PAY_TOKEN_ENVELOPE_COUNT_MISMATCH, {
      detail: 'wallet_data.tokens_evs',
    });
  }
  const donau = request.wallet_data?.['donau'] ?? undefined;
  if (donau !== undefined) throw new TalerError(TalerCode.MERCHANT_GENERIC_DONAU_NOT_CONFIGURED);
}
