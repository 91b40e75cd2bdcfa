import { Injectable } from '@nestjs/common';
import type { Statement } from '../platform/database/database';
import type { Tx } from '../platform/database/tx';

const PAID_SINCE: Statement = {
  name: 'obligations-paid-since',
  text: 'select exists (select from orders where instance_serial = $1 and paid_us > $2) as found',
};

/** Few rows at any time, whatever the number of orders: an attempt is removed when its outcome is known. */
const PAYMENTS_IN_HAND: Statement = {
  name: 'obligations-payments-in-hand',
  text: `select exists (
      select from payment_attempts join orders on orders.serial = payment_attempts.order_serial
      where orders.instance_serial = $1 and (owner is not null or not $2)
    ) as found`,
};

/** What forbids that an instance disappears (management.md 4.9). */
@Injectable()
export class Obligations {
  /** Whether a contract of the instance was paid after `sinceUs`: the tax office may ask for it. */
  hasPaidSince(tx: Tx, instanceSerial: string, sinceUs: bigint): Promise<boolean> {
    return this.ask(tx, PAID_SINCE, [instanceSerial, sinceUs]);
  }

  /**
   * Whether a payment is on its way to an exchange, or its outcome is unknown.
   * @param onlyUnderWay leaves those out that no process is busy with
   */
  hasPaymentsInHand(
    tx: Tx,
    instanceSerial: string,
    { onlyUnderWay }: { onlyUnderWay: boolean },
  ): Promise<boolean> {
    return this.ask(tx, PAYMENTS_IN_HAND, [instanceSerial, onlyUnderWay]);
  }

  private async ask(tx: Tx, statement: Statement, values: readonly unknown[]): Promise<boolean> {
    const [row] = await tx.query<{ found: boolean }>(statement, values);
    return row?.found === true;
  }
}
