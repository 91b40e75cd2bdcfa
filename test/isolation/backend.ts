import { Pool } from 'pg';
import type { SandboxExchange } from '../../sandbox/exchange/exchange-server';
import { encodeBase32 } from '../../src/taler/base32';
import { EventBus } from '../../src/platform/events/event-bus';
import { LongPollHub } from '../../src/platform/long-poll/long-poll.hub';
import type { PostOffice } from '../e2e/mfa/post-office';
import { createShop, untilKeys, settingOf, startTestServer, type TestServer } from '../support/app';
import type { TestClock } from '../support/clock';
import { createTestDatabase, type TestDatabase } from '../support/database';
import type { CoinBox } from './coin-box';
import { nameOf, send } from './door';
import { type Commons, Merchant, PASSWORD } from './merchant';
import type { InstanceState } from './model';
import { type Bank, type InstanceId, INSTANCES } from './steps';
import { HubWatcher } from './watches';

/** What the backends share that run at the same time. */
export interface Surroundings {
  readonly exchange: SandboxExchange;
  readonly clock: TestClock;
  readonly office: PostOffice;
  readonly coins: CoinBox;
}

interface Shop {
  readonly id: InstanceId;
  readonly url: string;
  readonly token: string;
}

/** A backend with three instances, on a database of its own. Histories follow each other in it. */
export class Backend {
  readonly hub: HubWatcher;
  hasGuest = false;

  private constructor(
    private readonly server: TestServer,
    private readonly testDatabase: TestDatabase,
    readonly database: Pool,
    readonly shops: readonly Shop[],
    readonly commons: Omit<Commons, 'name' | 'nonceOf'>,
    serials: ReadonlyMap<InstanceId, string>,
  ) {
    this.hub = new HubWatcher(server.app.get(LongPollHub), server.app.get(EventBus), serials);
  }

  static async start(number: number, { exchange, clock, office, coins }: Surroundings): Promise<Backend> {
    const database = await createTestDatabase();
    const server = await startTestServer({
      database,
      clock,
      exchanges: [settingOf(exchange)],
      config: { ...office.config, databasePoolSize: 5 },
    });
    await untilKeys(server);
    const mailDomain = `backend-${number}.example`;
    const shops: Shop[] = [];
    for (const id of INSTANCES) {
      const scope = 'all:refreshable';
      shops.push({ ...(await createShop(server, id, { scope })), id });
    }
    const admin = { url: server.url, token: shops[0]?.token ?? '' };
    const pool = new Pool({ connectionString: database.url, max: 2 });
    const commons = {
      exchangeUrl: exchange.baseUrl,
      mailDomain,
      admin,
      takeCoin: (value: 1 | 2) => coins.take(value),
      codeFor: (address: string) => (office.lastMailTo(address) ? office.codeFor(address) : undefined),
    };
    const { rows } = await pool.query<{ id: InstanceId; serial: string }>('select id, serial from instances');
    const serials = new Map(rows.map(({ id, serial }) => [id, serial] as const));
    return new Backend(server, database, pool, shops, commons, serials);
  }

  async close(): Promise<void> {
    await this.database.end();
    await this.server.close();
    await this.testDatabase.drop();
  }

  /** Ends what a history may have left open: tokens that it issued, and its guest. */
  async tidy(): Promise<void> {
    if (this.hasGuest) await this.changeGuest();
    for (const { url, token } of this.shops) {
      const { body } = await send({ method: 'GET', url: `${url}private/tokens?limit=100`, token });
      for (const { serial } of (body.tokens as { serial: number }[]).slice(1))
        await send({ method: 'DELETE', url: `${url}private/tokens/${serial}`, token });
    }
  }

  /** What an instance has from the histories before. */
  async belongings(merchant: Merchant): Promise<{
    accounts: InstanceState['accounts'];
    hWires: Map<Bank, string>;
    hasAcceptedTerms: boolean;
  }> {
    const accounts: InstanceState['accounts'] = new Map();
    const hWires = new Map<Bank, string>();
    const { body } = await merchant.ask('GET', 'private/accounts');
    for (const { payto_uri, h_wire } of body.accounts as { payto_uri: string; h_wire: string }[]) {
      const bank = ([0, 1] as const).find((one) => merchant.payto(one) === payto_uri);
      if (bank === undefined) continue;
      const detail = (await merchant.ask('GET', `private/accounts/${h_wire}`)).body;
      const number = /(\d+)\/$/.exec(String(detail.credit_facade_url))?.[1];
      const facade = number === undefined ? undefined : Number(number);
      accounts.set(bank, { isActive: detail.active as boolean, facade });
      hWires.set(bank, h_wire);
    }
    const kyc = (await merchant.ask('GET', 'private/kyc')).body;
    const [first] = (kyc?.kyc_data ?? []) as { tos_accepted_early?: string }[];
    return { accounts, hWires, hasAcceptedTerms: first?.tos_accepted_early !== undefined };
  }

  /**
   * A merchant comes, with an account and orders of the names that the others use, or goes for good.
   * @param host whose names they are
   * @returns what happened
   */
  async changeGuest(host?: Merchant): Promise<string> {
    const { url, token } = this.commons.admin;
    if (this.hasGuest || !host) {
      const gone = await send({ method: 'DELETE', url: `${url}management/instances/guest?purge=yes`, token });
      if (gone.status !== 204) throw new Error(`the guest does not go: ${nameOf(gone)} ${gone.text}`);
      this.hasGuest = false;
      return 'goes';
    }
    const made = await send({
      method: 'POST',
      url: `${url}management/instances?token_validity_ms=3600000`,
      token,
      json: {
        ...host.configuration(0),
        id: 'guest',
        name: 'Guest',
        auth: { method: 'token', password: PASSWORD },
      },
    });
    if (made.status !== 200) throw new Error(`the guest does not come: ${nameOf(made)} ${made.text}`);
    this.hasGuest = true;
    const base = `${url}instances/guest/`;
    const ask = async (method: string, path: string, json: unknown): Promise<void> => {
      const bearer = made.body.access_token as string;
      const reply = await send({ method, url: `${base}${path}`, token: bearer, json });
      if (reply.status !== 200) throw new Error(`the guest: ${path} ${nameOf(reply)} ${reply.text}`);
    };
    await ask('POST', 'private/accounts', { payto_uri: host.payto(0) });
    for (const slot of ['A', 'B'] as const) {
      await ask(
        'POST',
        'private/orders',
        host.orderBody(slot, { isFree: true, withToken: false, session: 's1' }),
      );
      const nonce = host.commons.nonceOf(slot, 'alice').noncePub;
      await ask('POST', `orders/${host.orderId(slot)}/claim`, { nonce: encodeBase32(nonce) });
      await ask('POST', `orders/${host.orderId(slot)}/pay`, { coins: [], session_id: host.sessionId('s1') });
    }
    return 'comes';
  }
}
