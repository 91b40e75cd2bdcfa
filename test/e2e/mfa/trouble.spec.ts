import { missingTable, refusedWrites, shutDatabase } from '../faults/trouble';
import { expectRefusal } from '../orders/helpers';
import type { PostOffice } from './post-office';
import { challenged, MfaWorld, only, ReachableShop, recover, solve, startMfaWorld } from './support';

describe('challenges when the database is in trouble', () => {
  let world: MfaWorld;
  let office: PostOffice;
  beforeAll(async () => {
    world = await startMfaWorld();
    ({ office } = world);
  });
  afterAll(() => world?.close());

  const confirm = (shop: ReachableShop, id: string) =>
    shop.api.post(`challenge/${id}/confirm`, { tan: office.codeFor(shop.email) });
  const mailsTo = (shop: ReachableShop) => office.mails.filter(({ to }) => to.includes(shop.email)).length;

  it.each([
    ['a write fails', 52, { at: 'statement', state: 'P0001' }],
    ['the commit fails', 54, { at: 'commit', state: 'P0001' }],
  ] as const)(
    'are not solved while %s: 500 with %i, and the attempt is not counted',
    async (_what, code, fault) => {
      const { shop, id } = await challenged(world.server);
      await shop.api.post(`challenge/${id}`, {});
      const trouble = await refusedWrites(world.database, 'challenges', fault);
      // More often than wrong codes are allowed.
      for (let attempt = 0; attempt < 16; attempt++) expectRefusal(await confirm(shop, id), 500, code);
      await trouble.end();
      const flag = await world.database.query('select email_validated from instances where id = $1', [
        shop.id,
      ]);
      expect(flag).toEqual([{ email_validated: false }]);
      expect((await confirm(shop, id)).status).toBe(204);
    },
  );

  it('are not solved when the address cannot be noted as validated', async () => {
    const { shop, id } = await challenged(world.server);
    await shop.api.post(`challenge/${id}`, {});
    const trouble = await refusedWrites(world.database, 'instances', { at: 'statement', state: 'P0001' });
    expectRefusal(await confirm(shop, id), 500, 52);
    await trouble.end();
    expect(only(await recover(shop, 'a new one', [id]))).toBe(id);
    expect((await confirm(shop, id)).status).toBe(204);
  });

  it.each([
    ['a write fails', 52, { at: 'statement', state: 'P0001' }],
    ['the commit fails', 54, { at: 'commit', state: 'P0001' }],
  ] as const)('send nothing while %s: 500 with %i', async (_what, code, fault) => {
    const { shop, id } = await challenged(world.server);
    const trouble = await refusedWrites(world.database, 'challenges', fault);
    expectRefusal(await shop.api.post(`challenge/${id}`, {}), 500, code);
    await trouble.end();
    expect(mailsTo(shop)).toBe(0);
    expect((await shop.api.post(`challenge/${id}`, {})).status).toBe(200);
  });

  it('are not used up by a password change that could not be stored: 500 with 52', async () => {
    const { shop, id } = await challenged(world.server);
    await solve(shop.api, office, id, shop.email);
    const trouble = await refusedWrites(world.database, 'instances', { at: 'statement', state: 'P0001' });
    expectRefusal(await recover(shop, 'a new one', [id]), 500, 52);
    await trouble.end();
    expect((await recover(shop, 'a new one', [id])).status).toBe(204);
  });

  it('answer 500 with 53 while they cannot be read', async () => {
    const { shop, id } = await challenged(world.server);
    const trouble = await missingTable(world.database, 'challenges');
    for (const path of [`challenge/${id}`, `challenge/${id}/confirm`]) {
      expectRefusal(await shop.api.post(path, { tan: '1' }), 500, 53);
    }
    await trouble.end();
  });

  it('answer 500 with 51 while the database cannot be reached', async () => {
    const { shop, id } = await challenged(world.server);
    const trouble = await shutDatabase(world.database);
    for (const path of [`challenge/${id}`, `challenge/${id}/confirm`]) {
      expectRefusal(await shop.api.post(path, { tan: '1' }), 500, 51);
    }
    expectRefusal(await recover(shop), 500, 51);
    await trouble.end();
    expect((await shop.api.post(`challenge/${id}`, {})).status).toBe(200);
  });
});
