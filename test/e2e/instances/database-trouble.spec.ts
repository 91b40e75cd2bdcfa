import { TalerCode } from '../../../src/taler/error-codes';
import type { ApiAnswer } from '../../support/api';
import { createShop, TestServer, TestWorld } from '../../support/app';
import { fingerprinter, type Fingerprint } from '../bad-input/fingerprint';
import { missingTable, refusedWrites, shutDatabase, type Trouble } from '../faults/trouble';
import { expectRefusal, uniqueId } from '../orders/helpers';
import { CONFIGURATION, newInstance, operator, serverBeside, startStillWorld } from './helpers';

const { GENERIC_DB_START_FAILED: START_FAILED, GENERIC_DB_STORE_FAILED: STORE_FAILED } = TalerCode;
const { GENERIC_DB_FETCH_FAILED: FETCH_FAILED, GENERIC_DB_COMMIT_FAILED: COMMIT_FAILED } = TalerCode;
const { GENERIC_DB_SOFT_FAILURE: SOFT_FAILURE } = TalerCode;

const WRITE_FAULTS = [
  ['a write fails', STORE_FAILED, { at: 'statement', state: 'P0001' }],
  ['the commit fails', COMMIT_FAILED, { at: 'commit', state: 'P0001' }],
  ['every attempt collides with another transaction', SOFT_FAILURE, { at: 'statement', state: '40001' }],
] as const;

type Request = () => Promise<ApiAnswer>;
interface Endpoint {
  readonly name: string;
  readonly good: number;
  /** Table that the request writes; undefined: it only reads. */
  readonly writes?: string;
  prepare(server: TestServer): Promise<Request>;
}

async function accountOf(server: TestServer) {
  const shop = await createShop(server, uniqueId('troubled'));
  const { body } = await shop.api.get('private/accounts', { token: shop.token });
  const path = `private/accounts/${body.accounts[0].h_wire as string}`;
  // Any change drops what is kept of the instance in memory, so that the request has to ask the database.
  await shop.api.call('PATCH', path, { json: {}, token: shop.token });
  return { shop, path, options: { token: shop.token } };
}
const AUTH = { method: 'token', password: 'new' };

/** Every endpoint of management.md 4 and 6.1 to 6.6 that asks the database something. */
const ENDPOINTS: readonly Endpoint[] = [
  {
    name: 'POST instances',
    good: 204,
    writes: 'instances',
    prepare: async (server) => {
      const json = newInstance(uniqueId('made'));
      return () => server.api.post('instances', json);
    },
  },
  {
    name: 'POST management/instances',
    good: 204,
    writes: 'instances',
    prepare: async (server) => {
      const json = newInstance(uniqueId('made'));
      return () => server.api.post('management/instances', json, operator);
    },
  },
  {
    name: 'GET management/instances',
    good: 200,
    prepare: async (server) => () => server.api.get('management/instances', operator),
  },
  {
    name: 'GET management/instances/$ID',
    good: 200,
    prepare: async (server) => {
      const { shop } = await accountOf(server);
      return () => server.api.get(`management/instances/${shop.id}`, operator);
    },
  },
  {
    name: 'PATCH management/instances/$ID',
    good: 204,
    writes: 'instances',
    prepare: async (server) => {
      const { shop } = await accountOf(server);
      const path = `management/instances/${shop.id}`;
      return () => server.api.call('PATCH', path, { json: CONFIGURATION, ...operator });
    },
  },
  {
    name: 'DELETE management/instances/$ID',
    good: 204,
    writes: 'instances',
    prepare: async (server) => {
      const { shop } = await accountOf(server);
      return () => server.api.delete(`management/instances/${shop.id}`, operator);
    },
  },
  {
    name: 'POST management/instances/$ID/auth',
    good: 204,
    writes: 'instances',
    prepare: async (server) => {
      const { shop } = await accountOf(server);
      return () => server.api.post(`management/instances/${shop.id}/auth`, AUTH, operator);
    },
  },
  {
    name: 'GET private',
    good: 200,
    prepare: async (server) => {
      const { shop, options } = await accountOf(server);
      return () => shop.api.get('private', options);
    },
  },
  {
    name: 'PATCH private',
    good: 204,
    writes: 'instances',
    prepare: async (server) => {
      const { shop, options } = await accountOf(server);
      return () => shop.api.call('PATCH', 'private', { json: CONFIGURATION, ...options });
    },
  },
  {
    name: 'DELETE private',
    good: 204,
    writes: 'instances',
    prepare: async (server) => {
      const { shop, options } = await accountOf(server);
      return () => shop.api.delete('private', options);
    },
  },
  {
    name: 'POST private/auth',
    good: 204,
    writes: 'instances',
    prepare: async (server) => {
      const { shop, options } = await accountOf(server);
      return () => shop.api.post('private/auth', AUTH, options);
    },
  },
  {
    name: 'POST private/accounts',
    good: 200,
    writes: 'accounts',
    prepare: async (server) => {
      const { shop, options } = await accountOf(server);
      const json = { payto_uri: `payto://cyclos/host/${uniqueId('a')}?receiver-name=x` };
      return () => shop.api.post('private/accounts', json, options);
    },
  },
  {
    name: 'GET private/accounts',
    good: 200,
    prepare: async (server) => {
      const { shop, options } = await accountOf(server);
      return () => shop.api.get('private/accounts', options);
    },
  },
  {
    name: 'GET private/accounts/$H_WIRE',
    good: 200,
    prepare: async (server) => {
      const { shop, path, options } = await accountOf(server);
      return () => shop.api.get(path, options);
    },
  },
  {
    name: 'PATCH private/accounts/$H_WIRE',
    good: 204,
    writes: 'accounts',
    prepare: async (server) => {
      const { shop, path, options } = await accountOf(server);
      const json = { extra_wire_subject_metadata: 'M' };
      return () => shop.api.call('PATCH', path, { json, ...options });
    },
  },
  {
    name: 'DELETE private/accounts/$H_WIRE',
    good: 204,
    writes: 'accounts',
    prepare: async (server) => {
      const { shop, path, options } = await accountOf(server);
      return () => shop.api.delete(path, options);
    },
  },
];

describe('instances when the database is in trouble', () => {
  let world: TestWorld;
  let server: TestServer;
  let fingerprint: () => Promise<Fingerprint>;
  beforeAll(async () => {
    world = await startStillWorld();
    server = await serverBeside(world, { selfProvisioning: true });
    fingerprint = await fingerprinter(world.database);
  });
  afterAll(async () => {
    await server?.close();
    await world?.close();
  });

  /** The answer says the code and no more; nothing is stored; afterwards the same request is granted. */
  async function expectFault(
    endpoint: Endpoint,
    code: TalerCode,
    makeTrouble: () => Promise<Trouble>,
  ): Promise<void> {
    const send = await endpoint.prepare(server);
    const before = await fingerprint();
    const trouble = await makeTrouble();
    try {
      const answer = await send();
      const { detail } = answer.body as { detail?: string };
      expectRefusal(answer, 500, code, code === SOFT_FAILURE && detail !== undefined ? { detail } : {});
    } finally {
      await trouble.end();
    }
    expect(await fingerprint()).toEqual(before);
    expect(await send()).toMatchObject({ status: endpoint.good });
  }

  const titled = ENDPOINTS.map((endpoint) => [endpoint.name, endpoint] as const);
  /** An instance is read with its accounts. */
  const reading = titled.filter(
    ([name]) => name !== 'POST instances' && name !== 'POST management/instances',
  );
  it.each(reading)('%s answers 500 with 53 while a read fails', async (name, endpoint) => {
    const isOfRow = endpoint.writes === 'instances' && name.includes('management');
    const table = isOfRow ? 'instances' : 'accounts';
    await expectFault(endpoint, FETCH_FAILED, () => missingTable(world.database, table));
  });

  describe.each(titled)('%s', (_name, endpoint) => {
    const { writes } = endpoint;
    const faults = writes === undefined ? [] : WRITE_FAULTS.map((fault) => [...fault, writes] as const);
    if (faults.length > 0) {
      it.each(faults)('when %s answers 500 with %i and stores nothing', async (_what, code, fault, table) => {
        await expectFault(endpoint, code, () => refusedWrites(world.database, table, fault));
      });
    }
  });

  describe('that cannot be reached', () => {
    const requests = new Map<string, Request>();
    let trouble: Trouble | undefined;
    beforeAll(async () => {
      for (const [name, endpoint] of titled) requests.set(name, await endpoint.prepare(server));
      trouble = await shutDatabase(world.database);
    });
    afterAll(() => trouble?.end());

    it.each(titled)('%s answers 500 with 51', async (name) => {
      const send = requests.get(name) as Request;
      expectRefusal(await send(), 500, START_FAILED);
    });

    it('serves again once it is there', async () => {
      await trouble?.end();
      trouble = undefined;
      for (const [name, endpoint] of titled) {
        const send = requests.get(name) as Request;
        expect(await send()).toMatchObject({ status: endpoint.good });
      }
    });
  });
});
