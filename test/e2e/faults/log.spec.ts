import { Writable } from 'node:stream';
import type { AddressInfo } from 'node:net';
import pino from 'pino';
import { closeApp, createApp } from '../../../src/bootstrap';
import { Api } from '../../support/api';
import { createOrder, startTestWorld, type TestWorld } from '../../support/app';
import { missingTable, refusedWrites } from './trouble';

describe('the log of trouble with the database', () => {
  let world: TestWorld;
  let app: Awaited<ReturnType<typeof createApp>>;
  let shop: TestWorld['shop'];
  let lines: Record<string, unknown>[] = [];

  beforeAll(async () => {
    world = await startTestWorld();
    const log = new Writable({
      write(chunk: Buffer, _encoding, done) {
        const line = JSON.parse(chunk.toString()) as Record<string, unknown>;
        // Whether the machine stalled, which is no trouble of ours.
        if (line['msg'] !== 'the LISTEN connection was lost') lines.push(line);
        done();
      },
    });
    app = await createApp(world.server.config, pino({ level: 'error' }, log), world.clock);
    await app.listen(0, '127.0.0.1');
    const url = `http://127.0.0.1:${(app.getHttpServer().address() as AddressInfo).port}/instances/shop/`;
    shop = { ...world.shop, url, api: new Api(url) };
  });
  beforeEach(() => (lines = []));
  afterAll(async () => {
    if (app) await closeApp(app);
    await world?.close();
  });

  it('has one line, with what failed and the request, and neither SQL nor values', async () => {
    const { orderId } = await createOrder(shop);
    const trouble = await refusedWrites(world.database, 'orders', { at: 'statement', state: 'P0001' });
    const order = { amount: 'KUDOS:1', summary: 'the canary' };
    const answer = await shop.api
      .post('private/orders', { order }, { token: shop.token })
      .finally(() => trouble.end());
    expect({ status: answer.status, code: answer.body.code as number }).toEqual({ status: 500, code: 52 });
    expect(lines).toMatchObject([
      {
        msg: 'request failed',
        code: 52,
        request_id: answer.body.request_id as string,
        err: { step: 'order-insert', code: 'P0001' },
      },
    ]);
    expect(JSON.stringify(lines)).not.toMatch(/canary|insert into|\$1|KUDOS/);
    expect(JSON.stringify(lines)).not.toContain(orderId);
  });

  it('is as discreet where the entity manager asks', async () => {
    const trouble = await missingTable(world.database, 'login_tokens');
    // Nobody has asked for this token before, so it is not known by heart.
    const token = 'secret-token:the-canary';
    const answer = await shop.api.get('private/orders', { token }).finally(() => trouble.end());
    expect({ status: answer.status, code: answer.body.code as number }).toEqual({ status: 500, code: 53 });
    expect(lines).toMatchObject([{ msg: 'request failed', code: 53, err: { code: '42P01' } }]);
    expect(JSON.stringify(lines)).not.toMatch(/canary|select|parameters|query/i);
  });
});
