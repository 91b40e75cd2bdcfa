import { amountOf } from '../taler/amount';
import type { Order, OrderWithContract } from './order';

/** Columns of `orders` as the driver delivers them: int8 and numeric as text. */
export interface OrderRow {
  serial: string;
  instance_serial: string;
  order_id: string;
  contract_version: number;
  summary: string;
  currency: string;
  amount: string;
  claim_token: Buffer | null;
  merchant_base_url: string;
  fulfillment_url: string | null;
  public_reorder_url: string | null;
  session_id: string | null;
  created_us: string;
  pay_deadline_us: string;
  refund_deadline_us: string;
  wire_deadline_us: string;
  h_wire: Buffer;
  nonce: string | null;
  h_contract: Buffer | null;
  paid_us: string | null;
  last_payment_us: string | null;
  choice_index: number | null;
  refund_granted: string;
  refund_obtained: string;
}

export interface OrderRowWithContract extends OrderRow {
  proto_contract: string;
}

/** What `toOrder` needs, in SQL. */
export const ORDER_COLUMNS = `serial, instance_serial, order_id, contract_version, summary, currency, amount, claim_token,
  merchant_base_url, fulfillment_url, public_reorder_url, session_id, created_us, pay_deadline_us,
  refund_deadline_us, wire_deadline_us, h_wire, nonce, h_contract, paid_us, last_payment_us, choice_index,
  refund_granted, refund_obtained`;

/** Row -> domain: the only place that knows how an order is stored. */
export function toOrder(row: OrderRow): Order {
  const { currency } = row;
  return {
    serial: BigInt(row.serial),
    instanceSerial: BigInt(row.instance_serial),
    orderId: row.order_id,
    contractVersion: row.contract_version,
    summary: row.summary,
    amount: amountOf(currency, BigInt(row.amount)),
    claimToken: row.claim_token ?? undefined,
    merchantBaseUrl: row.merchant_base_url,
    fulfillmentUrl: row.fulfillment_url ?? undefined,
    publicReorderUrl: row.public_reorder_url ?? undefined,
    sessionId: row.session_id ?? undefined,
    created: BigInt(row.created_us),
    payDeadline: BigInt(row.pay_deadline_us),
    refundDeadline: BigInt(row.refund_deadline_us),
    wireDeadline: BigInt(row.wire_deadline_us),
    hWire: row.h_wire,
    claim:
      row.nonce === null || row.h_contract === null
        ? undefined
        : { nonce: row.nonce, hContract: row.h_contract },
    payment:
      row.paid_us === null
        ? undefined
        : {
            paid: BigInt(row.paid_us),
            lastPayment: BigInt(row.last_payment_us ?? row.paid_us),
            choiceIndex: row.choice_index ?? undefined,
          },
    refundGranted: amountOf(currency, BigInt(row.refund_granted)),
    refundObtained: amountOf(currency, BigInt(row.refund_obtained)),
  };
}

export function toOrderWithContract(row: OrderRowWithContract): OrderWithContract {
  return { ...toOrder(row), protoContract: row.proto_contract };
}
