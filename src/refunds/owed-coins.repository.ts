import { Injectable } from '@nestjs/common';
import { GIVEN_BACK } from '../orders/refund';
import { Database, type Statement } from '../platform/database/database';
import { DAY_US, MINUTE_US } from '../taler/timestamp';

/** The pause before the next question doubles from a minute up to this. */
const PAUSE_MINUTES_MAX = 1440;
/** An exchange that has not answered by then will not: the coin's money was wired, or the exchange is no more. */
const OWED_US_MAX = 90n * DAY_US;

/** An order of which coins have to go back to a wallet. */
export interface OwedOrder {
  readonly instanceId: string;
  readonly orderId: string;
}

const OWED = `rtransaction_id = ${GIVEN_BACK} and exchange_sig is null`;
const FIND: Statement = {
  name: 'owed-coins-find',
  // What an exchange has refused it refuses again (isFateUnknown); a deleted instance has no key to ask with. At random,
  // or those that cannot even be asked for, as their key does not open, would come first each time.
  text: `select instances.id as instance_id, orders.order_id
    from refunds
      join orders on orders.serial = refunds.order_serial
      join instances on instances.serial = orders.instance_serial
    where instances.deleted_us is null and ${OWED} and granted_us > $1::int8 - ${OWED_US_MAX}
      and coalesce(failure_status, 0) not between 400 and 499
      and coalesce(asked_us, granted_us) + least(power(2, asks), ${PAUSE_MINUTES_MAX})::int8 * ${MINUTE_US} <= $1
    group by instances.id, orders.order_id order by random() limit $2`,
};
const COUNT: Statement = {
  name: 'owed-coins-count',
  text: `select count(*) as count from refunds where ${OWED}`,
};

/** Coins that were given back whole, and that no exchange has refunded yet. */
@Injectable()
export class OwedCoinsRepository {
  constructor(private readonly database: Database) {}

  /** Orders with coins that an exchange is to be asked for now. */
  async find(nowUs: bigint, limit: number): Promise<OwedOrder[]> {
    const rows = await this.database.query<{ instance_id: string; order_id: string }>(FIND, [nowUs, limit]);
    return rows.map((row) => ({ instanceId: row.instance_id, orderId: row.order_id }));
  }

  /** Coins that have not gone back, those included for which nobody asks any more. */
  async count(): Promise<number> {
    const [row] = await this.database.query<{ count: string }>(COUNT, []);
    return Number(row?.count ?? 0);
  }
}
