import { randomBytes } from 'node:crypto';
import type { Order } from '../../src/orders/order';
import { OrdersRepository } from '../../src/orders/orders.repository';
import { AttemptsRepository, type HeldAttempt } from '../../src/payments/attempts.repository';
import { Transactor } from '../../src/platform/database/transactor';
import { startTestWorld, type TestServer, type TestWorld } from '../support/app';
import { serverBeside } from '../e2e/instances/helpers';
import { Customer } from '../e2e/payments/support/customer';
import { cutListeners, untilListening } from './support/listeners';
import { until } from '../support/until';

const SECOND = 1_000_000n;

describe('attempts to pay', () => {
  let world: TestWorld;
  let other: TestServer;
  let order: Order;
  let hContract: Buffer;

  beforeAll(async () => {
    world = await startTestWorld();
    other = await serverBeside(world);
  });
  beforeEach(async () => {
    await world.database.query('delete from payment_attempts');
    ({ order, hContract } = await claimedOrder());
  });
  afterAll(async () => {
    await other?.close();
    await world?.close();
  });

  async function claimedOrder() {
    const customer = await Customer.order(world.shop);
    const [instance] = await world.database.query<{ serial: string }>(
      `select serial from instances where id = 'shop'`,
    );
    const found = await world.server.app
      .get(OrdersRepository)
      .find(BigInt(instance?.serial ?? 0), customer.orderId);
    if (!found) throw new Error('the order was made above');
    return { order: found, hContract: customer.hContract };
  }

  const here = () => world.server.app.get(AttemptsRepository);
  const there = () => other.app.get(AttemptsRepository);
  const now = () => world.clock.nowUs();
  const someCoins = () => ({ coinsHash: randomBytes(32), text: '{"coins":[]}', receivedUs: now() });
  const acquired = async (
    repository: AttemptsRepository,
    request = someCoins(),
    nowUs = now(),
  ): Promise<HeldAttempt> => {
    const held = await repository.acquire(order, hContract, request, nowUs);
    if (held === 'busy' || held === 'changed') throw new Error(held);
    return held;
  };
  const openSerials = async (repository: AttemptsRepository, nowUs = now()) =>
    (await repository.findOpen(nowUs, 100)).map(({ serial }) => serial);

  it('are in one hand per order, for the same coins as for others', async () => {
    const request = someCoins();
    await acquired(here(), request);
    for (const repository of [here(), there()]) {
      expect(await repository.acquire(order, hContract, request, now())).toBe('busy');
      expect(await repository.acquire(order, hContract, someCoins(), now())).toBe('busy');
    }
    expect(await openSerials(there())).toEqual([]);
  });

  it('are in one hand when 20 requests reach for it at once', async () => {
    const outcomes = await Promise.all(
      Array.from({ length: 20 }, (_, index) =>
        (index % 2 === 0 ? here() : there()).acquire(order, hContract, someCoins(), now()),
      ),
    );
    expect(outcomes.filter((outcome) => typeof outcome === 'object')).toHaveLength(1);
    expect(outcomes.filter((outcome) => outcome === 'busy')).toHaveLength(19);
  });

  it('pass to the next hand when they are finished, and leave no row', async () => {
    const held = await acquired(here());
    await here().finish(held);
    await there().finish(await acquired(there()));
    expect(await world.database.query('select from payment_attempts')).toHaveLength(0);
  });

  it('can only be finished by the process that has them in hand', async () => {
    const held = await acquired(here());
    await there().finish(held);
    expect(await world.database.query('select from payment_attempts')).toHaveLength(1);
  });

  it('remember when the request came first, however often it is made again', async () => {
    const request = someCoins();
    const first = await acquired(here(), request);
    await here().leaveOpen(first, now());
    world.clock.advanceSeconds(100);
    const again = await acquired(there(), { ...request, receivedUs: now() });
    expect(again).toEqual({ serial: first.serial, receivedUs: request.receivedUs });
  });

  it('are not begun for a contract that is not the order’s, or for a paid order', async () => {
    expect(await here().acquire(order, randomBytes(64), someCoins(), now())).toBe('changed');
    await world.database.query('update orders set paid_us = 1 where serial = $1', [order.serial]);
    expect(await here().acquire(order, hContract, someCoins(), now())).toBe('changed');
  });

  it('keep the order from being released', async () => {
    const orders = world.server.app.get(OrdersRepository);
    const unclaim = () =>
      world.server.app.get(Transactor).run('test-unclaim', async (tx) => {
        const locked = await orders.lock(tx, order.instanceSerial, order.orderId);
        return locked !== undefined && (await orders.unclaim(tx, locked));
      });
    const held = await acquired(here());
    expect(await unclaim()).toBe(false);
    await here().leaveOpen(held, now());
    expect(await unclaim()).toBe(false);
    await here().finish(await acquired(here(), someCoins()));
    await world.database.query('delete from payment_attempts');
    expect(await unclaim()).toBe(true);
  });

  it('that were left open do not stand in the way of other coins', async () => {
    await here().leaveOpen(await acquired(here()), now());
    await there().finish(await acquired(there()));
    expect(await here().countOpen()).toBe(1);
  });

  it('are looked into after pauses that double, up to an hour', async () => {
    const request = someCoins();
    let held = await acquired(here(), request);
    for (const pause of [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 3600, 3600]) {
      const leftUs = now();
      await here().leaveOpen(held, leftUs);
      const [row] = await world.database.query<{ pause: string }>(
        'select retry_us - $1 as pause from payment_attempts',
        [leftUs],
      );
      expect(BigInt(row?.pause ?? 0)).toBe(BigInt(pause) * SECOND);
      const again = await here().hold(held.serial, now());
      if (!again) throw new Error('nobody else has it');
      held = again;
    }
    await here().leaveOpen(held, now());
    expect(await openSerials(here())).toEqual([]);
    world.clock.advanceSeconds(3_601);
    expect(await openSerials(here())).toEqual([held.serial]);
    await here().postpone(held.serial, now());
    expect(await openSerials(here())).toEqual([]);
  });

  it('are held by one of two processes that find them open', async () => {
    const held = await acquired(here());
    await here().leaveOpen(held, now());
    const holds = await Promise.all([here().hold(held.serial, now()), there().hold(held.serial, now())]);
    expect(holds.filter((hold) => hold !== undefined)).toHaveLength(1);
  });

  it('are not held while another attempt of the order is in hand', async () => {
    const open = await acquired(here());
    await here().leaveOpen(open, now());
    await acquired(there());
    expect(await here().hold(open.serial, now())).toBeUndefined();
  });

  it('of a process that has died are open at once, and those of one that lives are not', async () => {
    const dying = await serverBeside(world);
    const held = await acquired(dying.app.get(AttemptsRepository));
    expect(await openSerials(here())).toEqual([]);
    await dying.close();
    await until(async () => (await openSerials(here())).length === 1, 'the attempt');
    expect(await openSerials(here())).toEqual([held.serial]);
  });

  it('of a process that has died are taken over by a repeat of the request, and by other coins', async () => {
    for (const isSame of [true, false]) {
      const dying = await serverBeside(world);
      const request = someCoins();
      await acquired(dying.app.get(AttemptsRepository), request);
      await dying.close();
      // With other coins the first look releases what was abandoned.
      await until(async () => {
        const outcome = await here().acquire(order, hContract, isSame ? request : someCoins(), now());
        if (typeof outcome !== 'object') return false;
        await here().finish(outcome);
        return true;
      }, 'the attempt');
      await world.database.query('delete from payment_attempts');
    }
  });

  it('stay with a process whose listening connection was only cut', async () => {
    await acquired(here());
    const servers = [world.server, other];
    await cutListeners(world.database, servers);
    await untilListening(world.database, servers);
    expect(await openSerials(there())).toEqual([]);
  });

  it('are taken from a process that lives but does not finish, after five minutes', async () => {
    const fromUs = now();
    const held = await acquired(here(), someCoins(), fromUs);
    expect(await openSerials(there(), fromUs + 300n * SECOND)).toEqual([]);
    expect(await openSerials(there(), fromUs + 300n * SECOND + 1n)).toEqual([held.serial]);
  });

  it('that were resumed late are in hand for as long as fresh ones', async () => {
    const request = someCoins();
    await here().leaveOpen(await acquired(here(), request), now());
    world.clock.advanceSeconds(1_000);
    await acquired(here(), request);
    expect(await openSerials(there())).toEqual([]);
  });
});
