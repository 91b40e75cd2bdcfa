import { type Credential, Authenticator } from '../../src/auth/authenticator';
import { AccountEntity } from '../../src/instances/accounts/account.entity';
import { InstancesRepository } from '../../src/instances/instances.repository';
import { ListedChallenges } from '../../src/mfa/listed-challenges';
import * as topics from '../../src/platform/events/topics';
import { type Defect as StatementDefect, withDefect } from '../model/defects';

/** A mistake that somebody could make, and that lets instances get at each other. */
export interface Defect {
  readonly what: string;
  /** Runs `work` while the backends, which live in this process, make the mistake. */
  readonly during: (work: () => Promise<void>) => Promise<void>;
}

/** A statement that is for any instance. */
function forAnyInstance(what: string, statement: string): Defect {
  const change: StatementDefect['change'] = (text) => {
    if (!/instance_serial = \$1\b/.test(text)) throw new Error(`${statement} is for no instance`);
    // The parameter keeps its type.
    return text.replace(/instance_serial = \$1\b/, '$1::int8 is not null');
  };
  return { what, during: (work) => withDefect({ what, statement, change }, work) };
}

/** Another method in the place of one. */
function instead<Thing extends object, Name extends keyof Thing>(
  what: string,
  thing: Thing,
  name: Name,
  make: (honest: Thing[Name]) => Thing[Name],
): Defect {
  const during = async (work: () => Promise<void>): Promise<void> => {
    const honest = thing[name];
    thing[name] = make(honest);
    try {
      await work();
    } finally {
      thing[name] = honest;
    }
  };
  return { what, during };
}

export const DEFECTS: readonly Defect[] = [
  forAnyInstance('the private status is of any instance', 'order-find-with-refunds'),
  forAnyInstance('an order is locked by its id alone', 'order-lock'),
  forAnyInstance('a browser session is of any instance', 'session-order-find'),
  forAnyInstance('what was bought before was bought anywhere', 'order-bought-before'),
  forAnyInstance('tokens are revoked by their serial alone', 'tokens-delete-by-serial'),
  instead(
    'a token opens every instance',
    Authenticator.prototype,
    'bearer',
    (honest) =>
      async function (this: Authenticator, authorization, instanceSerial): Promise<Credential> {
        return { ...(await honest.call(this, authorization, instanceSerial)), instanceSerial };
      },
  ),
  instead(
    'accounts are found by their hash alone',
    InstancesRepository.prototype,
    'lockAccountByHash',
    () =>
      async function (this: InstancesRepository, tx, _instanceSerial, hWire) {
        return (await tx.manager.findOne(AccountEntity, { where: { hWire } })) ?? undefined;
      },
  ),
  instead(
    'a challenge is solved below any instance',
    ListedChallenges.prototype,
    'get',
    (honest) =>
      function (this: ListedChallenges, text) {
        return honest.call(this, text, () => true);
      },
  ),
  instead(
    'who waits for a list is woken by every shop',
    topics as { orderListTopic: typeof topics.orderListTopic },
    'orderListTopic',
    () => () => 'orders:',
  ),
  instead(
    'who waits for an order is woken by its namesakes',
    topics as { orderTopic: typeof topics.orderTopic },
    'orderTopic',
    () => (_instanceSerial, orderId) => `order:${orderId}`,
  ),
];
