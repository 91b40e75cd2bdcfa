import { OPERATOR_TOKEN, startTestServer, type TestServer } from '../../support/app';
import { TestClock } from '../../support/clock';
import { createTestDatabase, type TestDatabase } from '../../support/database';
import { expectRefusal } from '../orders/helpers';
import { runProgram, type Exit } from '../payments/support/server-process';
import { until } from '../../support/until';

/** A dozen processes in one test, of which the first may have to build them. */
jest.setTimeout(300_000);

const ADMIN = 'src/admin/main.js';
const TOKEN = /^secret-token:[0-9A-HJKMNP-TV-Z]{52}\n$/;

describe('taler-merchant-admin', () => {
  let database: TestDatabase;
  /** Its clock stands still: what it remembers of a token ends by the word of the program, not by itself. */
  let server: TestServer;

  beforeAll(async () => {
    database = await createTestDatabase();
    const clock = new TestClock();
    clock.stop();
    server = await startTestServer({ database, clock });
  });
  afterAll(async () => {
    await server?.close();
    await database?.drop();
  });

  const admin = (args: string, input?: string, environment: Record<string, string> = {}): Promise<Exit> =>
    runProgram(ADMIN, { DATABASE_URL: database.url, ...environment }, { args: args.split(' '), input });
  const ended = (exit: Exit) => ({ code: exit.code, output: exit.output });
  const login = (id: string, password: string) =>
    server.api.post(
      `instances/${id}/private/token`,
      { scope: 'readonly' },
      { headers: { authorization: `Basic ${Buffer.from(`${id}:${password}`).toString('base64')}` } },
    );
  const tryOut = (id: string, token: string) => server.api.get(`instances/${id}/private`, { token });

  it('creates an instance that the running server knows, with the password of standard input', async () => {
    expect((await server.api.get('instances/made/private', { token: OPERATOR_TOKEN })).status).toBe(404);
    expect(ended(await admin('instance create made --name Made', 'first password\n'))).toEqual({
      code: 0,
      output: 'created made\n',
    });
    expect((await login('made', 'first password')).status).toBe(200);
    const read = await server.api.get('management/instances/made', { token: OPERATOR_TOKEN });
    expect(read).toMatchObject({ status: 200, body: { name: 'Made', auth: { method: 'token' } } });
    expect(ended(await admin('instance create made --name Made', 'another\n'))).toEqual({
      code: 1,
      output: 'made exists already; "instance passwd" sets its password\n',
    });
    expectRefusal(await login('made', 'another'), 401, 2015);
  });

  it('sets a password: the old one and every token are good for nothing at once, in servers that know them', async () => {
    await admin('instance create changing', 'old');
    const token = (await login('changing', 'old')).body.access_token as string;
    expect((await tryOut('changing', token)).status).toBe(200);
    const exit = await admin('instance passwd CHANGING', 'new pass:wörd\r\n');
    expect(ended(exit)).toEqual({
      code: 0,
      output: 'changed the password of changing and revoked its tokens\n',
    });
    await until(async () => (await tryOut('changing', token)).status === 401, 'the revocation');
    expectRefusal(await login('changing', 'old'), 401, 2015);
    expect((await login('changing', 'new pass:wörd')).status).toBe(200);
  });

  it('makes the admin instance where it is missing, and sets its password where it is not', async () => {
    expect(ended(await admin('instance passwd admin', 'one'))).toEqual({
      code: 0,
      output: 'created admin\n',
    });
    expect((await login('admin', 'one')).status).toBe(200);
    expect((await admin('instance passwd default', 'two')).output).toBe(
      'changed the password of admin and revoked its tokens\n',
    );
    expectRefusal(await login('admin', 'one'), 401, 2015);
    const token = (await login('admin', 'two')).body.access_token as string;
    expect((await server.api.get('management/instances', { token })).status).toBe(200);
  });

  it('lists instances, one line each, whatever their names are', async () => {
    await admin('instance create lined', 'p');
    await database.query(`update instances set name = E'two\\nlines\\tand a tab' where id = 'lined'`);
    const { code, output } = await admin('instance list');
    expect(code).toBe(0);
    expect(output.split('\n')).toContain('lined\tactive\ttwo lines and a tab');
  });

  it('purges an instance with all its rows when it is told --yes, and not before', async () => {
    await admin('instance create doomed', 'p');
    const token = (await login('doomed', 'p')).body.access_token as string;
    const unsure = await admin('instance purge doomed');
    expect(unsure.code).toBe(2);
    expect(unsure.output).toContain('--yes');
    expect((await tryOut('doomed', token)).status).toBe(200);
    expect(ended(await admin('instance purge doomed --yes'))).toEqual({ code: 0, output: 'purged doomed\n' });
    await until(async () => (await tryOut('doomed', token)).status === 404, 'the purge');
    expect(await database.query(`select from instances where id = 'doomed'`)).toEqual([]);
    expect(ended(await admin('instance purge doomed --yes'))).toEqual({
      code: 1,
      output: expect.stringMatching(/\(doomed\) \[2000\]\n$/),
    });
  });

  it('issues tokens, lists them without the secret, and revokes one or all of them', async () => {
    await admin('instance create guarded', 'p');
    const issued = await admin(
      'token issue guarded --scope readonly:refreshable --days 7 --description till-3',
    );
    expect(issued).toMatchObject({ code: 0, output: expect.stringMatching(TOKEN) });
    const forever = (await admin('token issue guarded --scope all --forever')).output.trim();
    const token = issued.output.trim();
    expect((await tryOut('guarded', token)).status).toBe(200);
    expect((await tryOut('guarded', forever)).status).toBe(200);

    const { output } = await admin('token list guarded');
    const lines = output
      .split('\n')
      .slice(0, -1)
      .map((line) => line.split('\t'));
    expect(lines).toEqual([
      [
        expect.stringMatching(/^\d+$/),
        'readonly:refreshable',
        expect.stringMatching(/^\d{4}-\d\d-\d\dT/),
        'till-3',
      ],
      [expect.stringMatching(/^\d+$/), 'all', 'never', ''],
    ]);
    for (const secret of [token, forever]) expect(output).not.toContain(secret.slice('secret-token:'.length));

    const serial = lines[0]?.[0] ?? '';
    expect(ended(await admin(`token revoke guarded ${serial}`))).toEqual({
      code: 0,
      output: `revoked token ${serial} of guarded\n`,
    });
    await until(async () => (await tryOut('guarded', token)).status === 401, 'the revocation of one');
    expect((await tryOut('guarded', forever)).status).toBe(200);
    expect(await admin(`token revoke guarded ${serial}`)).toMatchObject({
      code: 1,
      output: expect.stringContaining('[2042]'),
    });
    expect((await admin('token revoke guarded all')).output).toBe('revoked all tokens of guarded\n');
    await until(async () => (await tryOut('guarded', forever)).status === 401, 'the revocation of all');
    expect(ended(await admin('token list guarded'))).toEqual({ code: 0, output: '' });
  });

  it('refuses the deleted and the unknown with the code of the API', async () => {
    await admin('instance create deleted-one', 'p');
    await server.api.delete('management/instances/deleted-one', { token: OPERATOR_TOKEN });
    expect((await admin('instance passwd deleted-one', 'new')).output).toMatch(/\[2016\]\n$/);
    expect((await admin('token issue deleted-one --scope all')).output).toMatch(/\[2016\]\n$/);
    expect((await admin('instance create deleted-one', 'new')).output).toMatch(/\[2603\]\n$/);
    expect((await admin('token issue nobody --scope all')).output).toMatch(/\[2000\]\n$/);
    expect(await admin('instance passwd nobody', 'new')).toMatchObject({ code: 1 });
  });

  const misunderstood = [
    'instance',
    'instance make x',
    'instance create',
    'instance create x1 x2',
    'instance create ../etc',
    'instance create shop --password secret',
    'token issue shop',
    'token issue shop --scope everything',
    'token issue shop --scope all --days 0',
    'token issue shop --scope all --days 1 --forever',
    'token revoke shop some',
    'keys rotate-encryption now',
  ];
  it.each(misunderstood)('says how it is used, and ends with 2: %s', async (args) => {
    // There is no such database: whoever asked it would fail otherwise.
    const exit = await runProgram(
      ADMIN,
      { DATABASE_URL: 'postgresql://nobody@127.0.0.1:1/none' },
      { args: args.split(' ') },
    );
    expect(exit.code).toBe(2);
    expect(exit.output).toContain('Usage: taler-merchant-admin');
  });

  it.each<[string, string, RegExp]>([
    ['no password', '', /empty/],
    ['an empty line', '\n', /empty/],
    ['two lines', 'one\ntwo\n', /more than one line/],
    ['a very long one', 'x'.repeat(1025), /longer than 1024/],
    ['a NUL', 'a\0b', /NUL/],
  ])('takes %s for no password and ends with 1', async (_name, input, reason) => {
    const exit = await admin('instance create never-made', input);
    expect(exit).toMatchObject({ code: 1, output: expect.stringMatching(reason) });
    expect(await database.query(`select from instances where id = 'never-made'`)).toEqual([]);
  });

  it('ends with 1 and one line where the configuration or the database is wrong, and shows no password', async () => {
    const unset = await runProgram(ADMIN, {}, { args: ['instance', 'list'] });
    expect(unset).toMatchObject({ code: 1, output: expect.stringContaining('DATABASE_URL is missing') });
    const url = 'postgresql://nobody:hunter2@127.0.0.1:1/none';
    const gone = await runProgram(
      ADMIN,
      { DATABASE_URL: url },
      { args: ['instance', 'create', 'xy'], input: 'hunter3' },
    );
    expect(gone.code).toBe(1);
    expect(gone.output).not.toMatch(/hunter[23]/);
    expect(gone.output.trim().split('\n')).toHaveLength(1);
  });
});
