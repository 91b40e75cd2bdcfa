import { LONG_MS } from '../long-poll/waiting';
import { Customer } from '../payments/support/customer';
import { countAttempts, depositedFor, refundedFor } from '../payments/support/ledger';
import { abort, type CoinRefund, collect, expectAllConfirmed, grant } from '../refunds/support';
import { CRASHES, REPEATED_CRASHES, titled } from './cases';
import { type Ending, endingOf, type Scene } from './ending';
import { Stage } from './stage';
import { DEPOSIT, type Story } from './stories';
import { waypointsInSource } from './waypoints-in-source';
import { until } from '../../support/until';

/** Processes are started and killed, and the first start may have to build them: each may take as long as another test. */
jest.setTimeout(600_000);

/** Long enough for a second request to arrive while the exchange thinks about the first one. */
const THINKING_MS = 500;

const placesOf = (cases: typeof CRASHES) => [...new Set(cases.map(({ place }) => place))].sort();

describe('the cases of crashes', () => {
  it('are there for every waypoint that the sources name', () => {
    expect(placesOf(CRASHES)).toEqual(waypointsInSource());
  });

  it('are there for every waypoint also when one crash follows another', () => {
    expect(placesOf(REPEATED_CRASHES)).toEqual(waypointsInSource());
  });
});

describe('a server that is killed', () => {
  let stage: Stage;
  /** How each story ends when nothing happens. */
  const undisturbed = new Map<Story, Promise<Ending>>();

  beforeAll(async () => {
    stage = await Stage.open();
  });
  afterAll(() => stage?.close());
  afterEach(() => stage?.settle());

  /** Plays a story once to its end without a crash. */
  function endOf(story: Story): Promise<Ending> {
    const known = undisturbed.get(story) ?? play(story);
    undisturbed.set(story, known);
    return known;
  }

  async function play(story: Story): Promise<Ending> {
    const scene = await story.begin(stage);
    return endingOf(stage, scene, await scene.send(stage.shop));
  }

  /**
   * The request comes to the same end as without a crash, and the books with it. An order that is paid may be left to
   * the next run of the job, which forgets the open pay request and changes nothing else.
   */
  async function expectEnd(scene: Scene, wanted: Ending): Promise<void> {
    expect(await endingOf(stage, scene, await scene.send(stage.shop))).toEqual(wanted);
    expect(await stage.countUnpaidAttempts()).toBe(0);
    if ((await countAttempts(stage.database)) === 0) return;
    await stage.runJobs();
    expect(await endingOf(stage, scene, await scene.send(stage.shop))).toEqual(wanted);
  }

  it.each(CRASHES.map((crash) => [titled(crash), crash] as const))(
    'at %s: the repeat comes to the same end',
    async (_title, { story, place, nth }) => {
      const wanted = await endOf(story);
      const scene = await story.begin(stage);
      stage.trap.arm(place, nth);
      await stage.expectDeath(scene.send(stage.shop));
      stage.trap.disarm();
      await stage.restart();
      await expectEnd(scene, wanted);
    },
  );

  it.each(REPEATED_CRASHES.map((crash) => [titled(crash), crash] as const))(
    'at %s, and again while the request is repeated: the third one comes to the same end, and so does a fourth',
    async (_title, { story, place, nth, freeze }) => {
      const wanted = await endOf(story);
      const scene = await story.begin(stage);
      stage.trap.arm(place, nth);
      freeze?.(stage);
      await stage.expectDeath(scene.send(stage.shop));
      stage.thaw();
      await stage.restart();
      await stage.expectDeath(scene.send(stage.shop));
      stage.trap.disarm();
      await stage.restart();
      await expectEnd(scene, wanted);
      await expectEnd(scene, wanted);
    },
  );

  /** The payment is in the hands of the server. */
  const untilAttempted = () => until(async () => (await countAttempts(stage.database)) === 1);
  /** A request that comes later than another one has been read by the server by then, too. */
  const untilRead = async ({ orderId }: Customer) => {
    const { shop } = stage;
    await shop.api.get(`private/orders/${orderId}`, { token: shop.token });
  };

  describe('while a second request of the wallet waits', () => {
    it('for the same payment: both repeats get the one receipt', async () => {
      const coins = await stage.withdraw(['5']);
      const customer = await Customer.order(stage.shop);
      stage.exchange.addFault({ match: DEPOSIT, action: 'slow', ms: THINKING_MS });
      stage.trap.arm('pay: confirmed by the exchange');
      const first = customer.spend(coins, { session_id: 'one' });
      await untilAttempted();
      await stage.expectDeath(first, customer.spend(coins, { session_id: 'two' }));
      stage.trap.disarm();
      await stage.restart();
      const answers = await Promise.all(
        ['one', 'two'].map((session_id) => customer.spend(coins, { session_id })),
      );
      expect(answers.map((answer) => customer.isReceipt(answer))).toEqual([true, true]);
      expect(answers[0]?.text).toBe(answers[1]?.text);
      expect(depositedFor(customer, stage.exchange)).toBe('KUDOS:5');
    });

    it('with other coins: one of them pays, and what the other has brought goes back', async () => {
      const [dying] = await stage.withdraw(['5']);
      const [waiting] = await stage.withdraw(['5']);
      if (!dying || !waiting) throw new Error('two coins were withdrawn');
      const customer = await Customer.order(stage.shop);
      stage.exchange.addFault({ match: DEPOSIT, action: 'slow', ms: THINKING_MS });
      stage.trap.arm('pay: confirmed by the exchange');
      const first = customer.spend([dying]);
      await untilAttempted();
      await stage.expectDeath(first, customer.spend([waiting]));
      stage.trap.disarm();
      await stage.restart();
      expect(customer.isReceipt(await customer.spend([waiting]))).toBe(true);
      await stage.runJobs();
      expect(depositedFor(customer, stage.exchange)).toBe('KUDOS:10');
      expect(await customer.spend([dying, ...(await stage.withdraw(['1']))])).toMatchObject({
        status: 409,
        body: { code: 2160, refunds: [{ coin_pub: dying.coinPub, rtransaction_id: 0 }] },
      });
    });

    it('to abort the payment: the repeat gives back what the payment has brought to the exchange', async () => {
      const coins = await stage.withdraw(['2', '1']);
      const customer = await Customer.order(stage.shop);
      stage.exchange.addFault({ match: DEPOSIT, action: 'slow', ms: THINKING_MS });
      stage.trap.arm('pay: confirmed by the exchange');
      const paying = customer.spend(coins);
      await untilAttempted();
      await stage.expectDeath(paying, abort(stage.shop, customer, coins));
      stage.trap.disarm();
      await stage.restart();
      const { refunds } = (await abort(stage.shop, customer, coins)).body as { refunds: CoinRefund[] };
      expect(refunds.map(({ type }) => type)).toEqual(['success', 'success']);
      expect(refundedFor(customer, stage.exchange)).toBe('KUDOS:3');
    });

    it('for the same refund: both repeats get it, and it is made once', async () => {
      const coins = await stage.withdraw(['2', '2']);
      const customer = await Customer.order(stage.shop, { amount: 'KUDOS:4' });
      expect((await customer.spend(coins)).status).toBe(200);
      expect((await grant(stage.shop, customer, 'KUDOS:3')).status).toBe(200);
      // None of the two can have both coins by then.
      stage.trap.arm('refund: confirmed by exchange', 2);
      const collecting = [collect(stage.shop, customer), collect(stage.shop, customer)];
      await stage.expectDeath(...collecting);
      stage.trap.disarm();
      await stage.restart();
      const answers = await Promise.all([collect(stage.shop, customer), collect(stage.shop, customer)]);
      for (const answer of answers) {
        expect(answer.body).toMatchObject({ refund_amount: 'KUDOS:3' });
        expectAllConfirmed(customer, answer);
      }
      expect(refundedFor(customer, stage.exchange)).toBe('KUDOS:3');
    });

    it('for the payment, in a long poll of another session: the next process answers it', async () => {
      const coins = await stage.withdraw(['5']);
      const customer = await Customer.order(stage.shop);
      const poll = () =>
        stage.shop.api.get(`private/orders/${customer.orderId}?timeout_ms=${LONG_MS}`, {
          token: stage.shop.token,
        });
      const waiting = poll();
      await untilRead(customer);
      stage.trap.arm('pay: confirmed by the exchange');
      await stage.expectDeath(waiting, customer.spend(coins));
      stage.trap.disarm();
      await stage.restart();
      const again = poll();
      await untilRead(customer);
      expect(customer.isReceipt(await customer.spend(coins))).toBe(true);
      expect(await again).toMatchObject({ status: 200, body: { order_status: 'paid' } });
    });
  });
});
