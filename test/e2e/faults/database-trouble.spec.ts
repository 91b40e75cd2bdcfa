import { TalerCode } from '../../../src/taler/error-codes';
import { startTestWorld, type TestWorld } from '../../support/app';
import { fingerprinter, type Fingerprint } from '../bad-input/fingerprint';
import { expectRefusal } from '../orders/helpers';
import { Customer } from '../payments/support/customer';
import { countAttempts, expectBooksToAgree } from '../payments/support/ledger';
import { Endpoint, ENDPOINTS, Purse, type ReadyRequest } from './endpoints';
import { missingTable, refusedWrites, shutDatabase, type Trouble } from './trouble';
import { until } from '../../support/until';

const { GENERIC_DB_START_FAILED: START_FAILED, GENERIC_DB_STORE_FAILED: STORE_FAILED } = TalerCode;
const { GENERIC_DB_FETCH_FAILED: FETCH_FAILED, GENERIC_DB_COMMIT_FAILED: COMMIT_FAILED } = TalerCode;
const { GENERIC_DB_SOFT_FAILURE: SOFT_FAILURE } = TalerCode;

/** What can go wrong with a write, and the code that says so. */
const WRITE_FAULTS = [
  ['a write fails', STORE_FAILED, { at: 'statement', state: 'P0001' }],
  ['the commit fails', COMMIT_FAILED, { at: 'commit', state: 'P0001' }],
  ['every attempt collides with another transaction', SOFT_FAILURE, { at: 'statement', state: '40001' }],
  ['every commit collides with another transaction', SOFT_FAILURE, { at: 'commit', state: '40001' }],
] as const;
const COINS = 60;

describe('when the database is in trouble', () => {
  let world: TestWorld;
  let coins: Purse;
  let fingerprint: () => Promise<Fingerprint>;

  beforeAll(async () => {
    world = await startTestWorld();
    coins = await Purse.of(world, COINS);
    fingerprint = await fingerprinter(world.database);
  });
  afterAll(() => world?.close());

  /** Sends while there is trouble: the code is `code`, nothing of it is stored, and afterwards the same is granted. */
  async function expectFault(
    endpoint: Endpoint,
    code: TalerCode,
    makeTrouble: () => Promise<Trouble>,
  ): Promise<void> {
    const request = await endpoint.prepare(world, coins);
    const before = await fingerprint();
    const trouble = await makeTrouble();
    try {
      const answer = await request.send();
      expectFailure(answer, code, endpoint);
    } finally {
      await trouble.end();
    }
    expect(await fingerprint()).toEqual(before);
    await expectGranted(endpoint, request);
  }

  function expectFailure(
    answer: Awaited<ReturnType<ReadyRequest['send']>>,
    code: TalerCode,
    endpoint: Endpoint,
  ) {
    // Of a transaction that kept colliding the error names which; of all other trouble it says nothing.
    const { detail } = answer.body as { detail?: string };
    const isNamed = code === SOFT_FAILURE && detail !== undefined;
    if (isNamed) expect(detail).toMatch(/^[a-z-]+$/);
    expectRefusal(answer, 500, code, isNamed ? { detail } : {});
    expect({ endpoint: endpoint.name, text: answer.text }).toEqual({
      endpoint: endpoint.name,
      text: expect.not.stringMatching(/select|insert|update|delete |orders_away|secret/i) as unknown,
    });
  }

  async function expectGranted(endpoint: Endpoint, request: ReadyRequest): Promise<void> {
    const answer = await request.send();
    expect({ endpoint: endpoint.name, status: answer.status, text: answer.text }).toMatchObject({
      endpoint: endpoint.name,
      status: endpoint.good,
    });
  }

  describe.each(ENDPOINTS.map((endpoint) => [endpoint.name, endpoint] as const))('%s', (_name, endpoint) => {
    it('answers 500 with code 53 while a read fails, and goes on afterwards', async () => {
      await expectFault(endpoint, FETCH_FAILED, () => missingTable(world.database, 'orders'));
    });
  });

  const writing = ENDPOINTS.flatMap((endpoint) =>
    endpoint.writes === undefined ? [] : [[endpoint.name, endpoint, endpoint.writes] as const],
  );
  describe.each(writing)('%s', (_name, endpoint, table) => {
    it.each(WRITE_FAULTS)(
      'when %s answers 500 with code %i and stores nothing',
      async (_what, code, fault) => {
        await expectFault(endpoint, code, () => refusedWrites(world.database, table, fault));
      },
    );
  });

  describe('POST orders/$ORDER_ID/pay, after the exchange has accepted the coins', () => {
    it.each(WRITE_FAULTS)(
      'when %s answers 500 with code %i, and the repeat gets the receipt for the same money',
      async (_what, code, fault) => {
        const customer = await Customer.order(world.shop);
        const coin = coins.take();
        const trouble = await refusedWrites(world.database, 'deposits', fault);
        try {
          const answer = await customer.spend([coin]);
          expect({ status: answer.status, code: answer.body.code as number }).toEqual({ status: 500, code });
        } finally {
          await trouble.end();
        }
        // The request is remembered until its outcome is written down.
        expect(await countAttempts(world.database)).toBe(1);
        const repeated = await customer.spend([coin]);
        expect(customer.isReceipt(repeated)).toBe(true);
        expect(await countAttempts(world.database)).toBe(0);
      },
    );
  });

  it('keeps its books in accord with the exchange through all of it', async () => {
    await expectBooksToAgree(world.database, [world.exchange]);
  });

  describe('that cannot be reached', () => {
    const requests = new Map<string, ReadyRequest>();
    let before: Fingerprint;
    let trouble: Trouble | undefined;

    const requestOf = ({ name }: Endpoint): ReadyRequest => {
      const request = requests.get(name);
      if (!request) throw new Error(`not prepared: ${name}`);
      return request;
    };

    beforeAll(async () => {
      for (const endpoint of ENDPOINTS) requests.set(endpoint.name, await endpoint.prepare(world, coins));
      before = await fingerprint();
      trouble = await shutDatabase(world.database);
    });
    afterAll(() => trouble?.end());

    it.each(ENDPOINTS.map((endpoint) => [endpoint.name, endpoint] as const))(
      '%s answers 500 with code 51',
      async (_name, endpoint) => {
        expectFailure(await requestOf(endpoint).send(), START_FAILED, endpoint);
      },
    );

    it('says so to those who ask whether it can serve', async () => {
      const answer = await world.server.api.get('readyz');
      expect({ status: answer.status, body: answer.body as unknown }).toMatchObject({
        status: 503,
        body: { ready: false, database: false },
      });
    });

    it('serves again by itself once it is there, and has stored nothing meanwhile', async () => {
      await trouble?.end();
      trouble = undefined;
      expect(await fingerprint()).toEqual(before);
      for (const endpoint of ENDPOINTS) await expectGranted(endpoint, requestOf(endpoint));
      await until(async () => (await world.server.api.get('readyz')).status === 200);
    });
  });
});
