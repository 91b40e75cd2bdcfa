import type { ApiAnswer } from '../../support/api';
import type { TestShop } from '../../support/app';
import type { Customer } from '../payments/support/customer';
import { countAttempts, depositedFor, refundedFor } from '../payments/support/ledger';
import { type ServerProcess } from '../payments/support/server-process';
import { collect, expectAllConfirmed, REFUND_CALL } from '../refunds/support';
import { freezeSecondDeposit } from './cases';
import { endingOf, stateOf } from './ending';
import { Stage } from './stage';
import {
  abortion,
  abortionOfLostPayment,
  collection,
  DEPOSIT,
  excess,
  firstGrant,
  payment,
  paymentAtTwoExchanges,
  type Story,
} from './stories';
import { until } from '../../support/until';

/** Processes are started and killed, and the first start may have to build them: each may take as long as another test. */
jest.setTimeout(600_000);

const THINKING_MS = 1_000;

/** Where the one dies, and what the other has to bring to its end. */
const LEFT_BEHIND: readonly (readonly [string, Story])[] = [
  ['pay: attempt stored', payment],
  ['pay: confirmed by the exchange', payment],
  ['pay: confirmed by the exchange', paymentAtTwoExchanges],
  ['pay: excess booked', excess],
  ['refund: granted', firstGrant],
  ['refund: confirmed by exchange', collection],
  ['refund: confirmation recorded', collection],
  ['recover: coins found at their exchange', abortionOfLostPayment],
  ['abort: given back', abortion],
  ['abort: confirmed by exchange', abortion],
];

describe('what a killed server has left behind', () => {
  let stage: Stage;
  /** Another process on the same database, which lives. */
  let neighbour: { readonly process: ServerProcess; readonly shop: TestShop };

  beforeAll(async () => {
    stage = await Stage.open();
    neighbour = await stage.startNeighbour();
  });
  afterAll(async () => {
    await neighbour?.process.stop();
    await stage?.close();
  });
  afterEach(() => stage?.settle());

  async function undisturbed(story: Story) {
    const scene = await story.begin(stage);
    return endingOf(stage, scene, await scene.send(stage.shop));
  }

  async function killAt(place: string, nth: number, request: () => Promise<ApiAnswer>): Promise<void> {
    stage.trap.arm(place, nth);
    await stage.expectDeath(request());
  }

  describe('is finished by the job when the wallet never comes back', () => {
    it.each([
      ['pay: attempt stored', 1],
      ['pay: before a deposit', 2],
      ['pay: confirmed by the exchange', 1],
      ['pay: batch recorded', 1],
      ['pay: batch recorded', 2],
      ['pay: all recorded', 1],
    ])('and it had died at %s (%d)', async (place, nth) => {
      const wanted = await undisturbed(paymentAtTwoExchanges);
      const scene = await paymentAtTwoExchanges.begin(stage);
      await killAt(place, nth, () => scene.send(stage.shop));
      stage.trap.disarm();
      await stage.runJobs();
      await stage.restart();
      const { answer: _, ...state } = wanted;
      expect(await stateOf(stage, scene)).toEqual(state);
      expect(await endingOf(stage, scene, await scene.send(stage.shop))).toEqual(wanted);
    });
  });

  describe('is finished by the next run of the job when the first one was killed', () => {
    it.each([
      'pay: attempt stored',
      'pay: before a deposit',
      'pay: confirmed by the exchange',
      'pay: batch recorded',
    ])('at %s, as the payment was', async (place) => {
      const wanted = await undisturbed(paymentAtTwoExchanges);
      const scene = await paymentAtTwoExchanges.begin(stage);
      // Else the second batch may be recorded by then, too, and nothing would be left to die of.
      freezeSecondDeposit(stage);
      await killAt(place, 1, () => scene.send(stage.shop));
      stage.thaw();
      await stage.dieOfJobs();
      stage.trap.disarm();
      await stage.runJobs();
      await stage.restart();
      expect(await endingOf(stage, scene, await scene.send(stage.shop))).toEqual(wanted);
    });

    it.each([
      'recover: coins found at their exchange',
      'pay: before a deposit',
      'pay: confirmed by the exchange',
      'pay: batch recorded',
    ])('at %s, looking for a coin of an order that others have paid', async (place) => {
      const scene = await payment.begin(stage);
      const { customer, coins } = scene;
      await killAt('pay: confirmed by the exchange', 1, () => scene.send(stage.shop));
      const others = customer.permitAll(await stage.withdraw(['5']));
      expect(customer.isReceipt(await customer.pay(others, {}, neighbour.shop.url))).toBe(true);
      expect(await countAttempts(stage.database)).toBe(1);

      stage.trap.arm(place);
      await stage.dieOfJobs();
      stage.trap.disarm();
      await stage.runJobs();
      await stage.restart();
      expect(depositedFor(customer, stage.exchange)).toBe('KUDOS:10');
      expect(await customer.spend([...coins, ...(await stage.withdraw(['1']))])).toMatchObject({
        status: 409,
        body: { code: 2160, refunds: [{ coin_pub: coins[0]?.coinPub }] },
      });
      expect(customer.isReceipt(await customer.pay(others))).toBe(true);
    });
  });

  describe('is taken over by another process on the same database', () => {
    it.each(LEFT_BEHIND.map(([place, story]) => [`${place}, ${story.name}`, place, story] as const))(
      'that is asked next: %s',
      async (_title, place, story) => {
        const wanted = await undisturbed(story);
        const scene = await story.begin(stage);
        await killAt(place, 1, () => scene.send(stage.shop));
        stage.trap.disarm();
        const answer = await scene.send(neighbour.shop);
        await stage.restart();
        expect(await endingOf(stage, scene, answer)).toEqual(wanted);
      },
    );

    /** Lets the exchange do what it is asked for and keep its word back, so that the other process is faster. */
    const keepBack = (match: typeof DEPOSIT, times: number) =>
      stage.exchange.addFault({ match, action: 'slow', ms: THINKING_MS, after: true, times });

    it('that waits for its turn to pay meanwhile', async () => {
      const wanted = await undisturbed(payment);
      const scene = await payment.begin(stage);
      keepBack(DEPOSIT, 1);
      stage.trap.arm('pay: confirmed by the exchange');
      const dying = scene.send(stage.shop);
      await until(() => depositedFor(scene.customer, stage.exchange) === 'KUDOS:5');
      const waiting = scene.send(neighbour.shop);
      await stage.expectDeath(dying);
      expect(scene.customer.isReceipt(await waiting)).toBe(true);
      stage.trap.disarm();
      await stage.restart();
      expect(await endingOf(stage, scene, await scene.send(stage.shop))).toEqual(wanted);
    });

    it.each([
      ['refund: confirmed by exchange', collection],
      ['abort: confirmed by exchange', abortion],
    ])('that does the same at the same time and is faster: %s', async (place, story) => {
      const wanted = await undisturbed(story);
      const scene = await story.begin(stage);
      keepBack(REFUND_CALL, 3);
      stage.trap.arm(place);
      const dying = scene.send(stage.shop);
      await until(() => refundedFor(scene.customer, stage.exchange) === 'KUDOS:4');
      const [answer] = await Promise.all([scene.send(neighbour.shop), stage.expectDeath(dying)]);
      stage.trap.disarm();
      await stage.restart();
      expect(await endingOf(stage, scene, answer)).toEqual(wanted);
    });

    it('that does the same at the same time and is slower: what was recorded is told by both', async () => {
      const scene = await collection.begin(stage);
      const { customer } = scene;
      stage.trap.arm('refund: confirmation recorded', 3);
      const dying = scene.send(stage.shop);
      const [answer] = await Promise.all([collectUntilThere(customer), stage.expectDeath(dying)]);
      stage.trap.disarm();
      await stage.restart();
      expectAllConfirmed(customer, answer);
      expect((await collect(stage.shop, customer)).text).toBe(answer.text);
    });

    async function collectUntilThere(customer: Customer): Promise<ApiAnswer> {
      await until(() => refundedFor(customer, stage.exchange) !== 'KUDOS:0');
      return collect(neighbour.shop, customer);
    }
  });
});
