import { TextField } from '../../platform/http/fields';

/** GetSessionStatusPaidResponse (orders.md 5.8). */
export class SessionOrderResponse {
  @TextField({ lengthMax: 128 })
  order_id!: string;
}
