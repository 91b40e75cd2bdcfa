import { DataSource } from 'typeorm';
import { dataSourceOptions } from '../../src/platform/database/data-source-options';
import { migrate } from '../../src/platform/database/migrate';
import { MIGRATIONS } from '../../src/platform/database/migrations';
import { ask, createEmptyDatabase, type EmptyDatabase } from './support/empty-database';

describe('the migration of instances and accounts', () => {
  let database: EmptyDatabase;
  beforeAll(async () => {
    database = await createEmptyDatabase();
  });
  afterAll(() => database?.drop());

  it('keeps the credentials of bank accounts, and says of those that are none that there are none', async () => {
    const before = MIGRATIONS.findIndex(({ name }) => name.startsWith('Instances'));
    const source = new DataSource({
      ...dataSourceOptions({ url: database.url, poolSize: 1 }),
      migrations: MIGRATIONS.slice(0, before),
    } as ConstructorParameters<typeof DataSource>[0]);
    await source.initialize();
    await source.runMigrations();
    await source.destroy();
    await ask(
      database.url,
      `insert into instances (id, name, address, jurisdiction, use_stefan, merchant_pub, key_encrypted, created_us)
         values ('shop', 'Shop', '{}', '{}', false, decode(repeat('01', 32), 'hex'), false, 0);
       insert into accounts (instance_serial, payto_uri, salt, h_wire, credit_facade_credentials, active)
         select serial, account.payto, decode(repeat('02', 16), 'hex'), decode(repeat(account.hash, 64), 'hex'),
           account.credentials, true
         from instances, (values
           ('payto://a/1', '0a', '{"password":"Zürich","type":"basic","username":"u"}'),
           ('payto://a/2', '0b', '{"type":"none"}'),
           ('payto://a/3', '0c', null)) as account (payto, hash, credentials)`,
    );
    const done = await migrate(database.url);
    expect(done).toContain('Instances1795305600000');
    const rows = await ask<{ payto_uri: string; box: Buffer | null; encrypted: boolean }>(
      database.url,
      `select payto_uri, credit_facade_credentials as box, credentials_encrypted as encrypted
       from accounts order by payto_uri`,
    );
    expect(rows.map(({ box, ...row }) => ({ ...row, text: box?.toString('utf8') }))).toEqual([
      {
        payto_uri: 'payto://a/1',
        encrypted: false,
        text: '{"password":"Zürich","type":"basic","username":"u"}',
      },
      { payto_uri: 'payto://a/2', encrypted: false, text: undefined },
      { payto_uri: 'payto://a/3', encrypted: false, text: undefined },
    ]);
    const flags = await ask<object>(database.url, 'select email_validated, phone_validated from instances');
    expect(flags).toEqual([{ email_validated: false, phone_validated: false }]);
  });
});
