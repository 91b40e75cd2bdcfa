import { INSTANCE_ERRORS, type OperationFacts } from '../platform/openapi/answers';
import { ref, WAIT, YES_NO } from '../platform/openapi/named-schemas';
import { TalerCode } from '../taler/error-codes';
import { StatusGotoResponse, StatusPaidResponse, StatusUnpaidResponse } from './dto/wallet-orders.dto';

const PAGE = { 'text/html': { type: 'string' } } as const;
const VARIES = {
  Vary: 'Accept decides between JSON and a page, Accept-Language on the language of the page',
};

/** Public `GET orders/$ID` in the API document (orders.md 5.7). */
export const PUBLIC_STATUS: OperationFacts = {
  summary: 'Read the public status of an order',
  description:
    'Knowledge of the claim token or of the contract hash is the credential (orders.md 5.7). Browsers get a page: ' +
    'HTML if Accept gives `text/html` a strictly higher quality than `application/json`. A page does not wait; ' +
    'one that leads to a wallet has its URI in the header `Taler`.',
  good: {
    200: { description: 'paid', body: StatusPaidResponse, alsoAs: PAGE, headers: VARIES },
    202: {
      description: 'not for you, but the same can be bought there',
      body: StatusGotoResponse,
      headers: VARIES,
    },
    302: {
      description:
        'only browsers: not for you, but the same can be bought there; or bought before in this session, here it is',
      headers: { ...VARIES, Location: 'http(s) URL of the shop' },
    },
    402: { description: 'unpaid', body: StatusUnpaidResponse, alsoAs: PAGE, headers: VARIES },
  },
  errorsAlsoAs: PAGE,
  errors: [
    ...INSTANCE_ERRORS,
    TalerCode.GENERIC_FAILED_TO_LOAD_TEMPLATE,
    TalerCode.GENERIC_FAILED_TO_EXPAND_TEMPLATE,
    TalerCode.MERCHANT_GENERIC_DB_CONTRACT_CONTENT_INVALID,
    TalerCode.MERCHANT_GET_ORDERS_ID_INVALID_CONTRACT_VERSION,
    TalerCode.MERCHANT_GENERIC_ORDER_UNKNOWN,
    TalerCode.MERCHANT_GENERIC_CONTRACT_HASH_DOES_NOT_MATCH_ORDER,
    TalerCode.MERCHANT_GET_ORDERS_ID_INVALID_TOKEN,
  ],
  query: [
    {
      name: 'h_contract',
      description: 'contract hash; credential once the order is claimed',
      schema: ref('Base32Of64Bytes'),
    },
    {
      name: 'token',
      description: 'claim token; an empty one counts as absent',
      schema: { type: 'string', pattern: '^([0-9A-Za-z]{26})?$' },
    },
    { name: 'session_id', description: 'the payment must be bound to this browser session' },
    {
      name: 'timeout_ms',
      description: 'long poll, at most 5 minutes',
      schema: WAIT,
    },
    {
      name: 'await_refund_obtained',
      description: 'yes: wait until no refund is left to collect',
      schema: YES_NO,
    },
    {
      name: 'refund',
      description: 'wait until more than this amount was granted as refund',
      schema: ref('Amount'),
    },
    {
      name: 'allow_refunded_for_repurchase',
      description: 'YES: a refunded order counts as bought before',
      schema: YES_NO,
    },
  ],
};
