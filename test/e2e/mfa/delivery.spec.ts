import { createServer, type AddressInfo } from 'node:net';
import { withServer } from '../instances/helpers';
import { expectRefusal } from '../orders/helpers';
import type { PostOffice } from './post-office';
import {
  challenged,
  MfaWorld,
  only,
  otherThan,
  ReachableShop,
  reachableShop,
  recover,
  startMfaWorld,
} from './support';

describe('codes on their way', () => {
  let world: MfaWorld;
  let office: PostOffice;
  beforeAll(async () => {
    world = await startMfaWorld();
    ({ office } = world);
  });
  afterAll(() => world?.close());

  const send = (shop: ReachableShop, id: string, language?: string) =>
    shop.api.post(`challenge/${id}`, {}, language ? { headers: { 'accept-language': language } } : {});

  it('travel as a plain mail that names the deed and holds no secret but the code', async () => {
    const { shop, id } = await challenged(world.server);
    await send(shop, id);
    const mail = office.lastMailTo(shop.email);
    const code = office.codeFor(shop.email);
    expect(mail).toMatchObject({ from: 'no-reply@backend.example', to: [shop.email] });
    expect(mail?.subject).toBe('Your confirmation code');
    expect(mail?.headers.get('to')).toEqual([shop.email]);
    expect(mail?.headers.get('from')).toEqual(['no-reply@backend.example']);
    expect(mail?.headers.get('auto-submitted')).toEqual(['auto-generated']);
    expect(mail?.headers.get('content-type')).toEqual(['text/plain; charset=utf-8']);
    expect(mail?.text.trim()).toBe(
      'Your code to set a new password for your merchant account:\n\n' +
        `    ${code}\n\nIt is valid for ten minutes.\nIf you did not ask for it, do not give it to anybody.`,
    );
  });

  it.each([
    [
      'de-CH, de;q=0.9, en;q=0.5',
      'Ihr Bestätigungscode',
      'um ein neues Passwort für Ihr Händlerkonto zu setzen',
    ],
    ['fr', 'Votre code de confirmation', 'pour définir un nouveau mot de passe de votre compte marchand'],
    ['tlh, it', 'Your confirmation code', 'to set a new password for your merchant account'],
  ])('are written in the language of the reader: %s', async (language, subject, deed) => {
    const { shop, id } = await challenged(world.server);
    await send(shop, id, language);
    const mail = office.lastMailTo(shop.email);
    expect(mail?.subject).toBe(subject);
    expect(mail?.text).toContain(deed);
    expect(office.codeFor(shop.email)).toMatch(/^\d{4}-\d{4}$/);
  });

  it('name the server where its base URL is configured', async () => {
    const { shop, id } = await challenged(world.server);
    const config = { ...office.config, baseUrl: 'https://backend.example/taler/' };
    await withServer(world, config, async ({ api }) => {
      expect((await api.post(`instances/${shop.id}/challenge/${id}`, {})).status).toBe(200);
    });
    expect(office.lastMailTo(shop.email)?.text).toContain('at https://backend.example/taler/:');
  });

  it('travel by SMS to a program that gets the number as argument and the message on standard input', async () => {
    const { shop, id } = await challenged(world.server, 'sms');
    expect((await send(shop, id)).status).toBe(200);
    const sms = office.lastSmsTo(shop.phone);
    expect(sms?.arguments).toEqual([shop.phone]);
    expect(sms?.message).toBe(
      `Your code to set a new password for your merchant account: ${office.codeFor(shop.phone)}\n` +
        'It is valid for ten minutes. If you did not ask for it, do not give it to anybody.\n',
    );
    // Ours holds the password of the database and the operator's token.
    expect(sms?.environment.filter((name) => !['PATH', '__CF_USER_TEXT_ENCODING'].includes(name))).toEqual(
      [],
    );
  });

  it.each([
    ['+41 (79) 123-45-67', '+41791234567'],
    ['0791234567', '0791234567'],
    ['-- 117 99', '11799'],
  ])('travel to the phone number %s as %s', async (phone_number, number) => {
    const shop = await reachableShop(world.server, []);
    await world.database.query('update instances set phone_number = $2 where id = $1', [
      shop.id,
      phone_number,
    ]);
    expect((await send(shop, only(await recover(shop)))).status).toBe(200);
    expect(office.smses.at(-1)?.arguments).toEqual([number]);
  });

  it.each([
    'a,b@shop.example',
    'a@shop.example,b@shop.example',
    '<a@shop.example>',
    'a@shop.example\r\nBcc: thief@shop.example',
    'a\r\nDATA@shop.example',
    '"a b"@shop.example',
    'a;b@shop.example',
    'a@shop.example>',
    'a@[127.0.0.1]',
    '@shop.example',
    'a(b)@shop.example',
  ])('do not travel to what could be more than one address, or a header: %j', async (email) => {
    const before = office.mails.length;
    const shop = await reachableShop(world.server, []);
    await world.database.query('update instances set email = $2 where id = $1', [shop.id, email]);
    expectRefusal(await recover(shop), 403, 2031);
    expect(office.mails).toHaveLength(before);
  });

  it('travel to domains beyond ASCII', async () => {
    const shop = await reachableShop(world.server, []);
    const email = `me.${shop.id}@händler.example`;
    await world.database.query('update instances set email = $2 where id = $1', [shop.id, email]);
    expect((await send(shop, only(await recover(shop)))).status).toBe(200);
    expect(office.mails.at(-1)?.headers.get('to')).toEqual([`me.${shop.id}@xn--hndler-bua.example`]);
  });

  describe('that cannot be sent', () => {
    it.each(['email', 'sms'] as const)(
      'do not count: 502 with 2128 for %s, and the next try is not too early',
      async (channel) => {
        const { shop, id } = await challenged(world.server, channel);
        office.refusal = 'no such user here';
        office.setSmsTrouble('fail', true);
        expectRefusal(await send(shop, id), 502, 2128, { detail: channel });
        const none = await shop.api.post(`challenge/${id}/confirm`, { tan: '12345678' });
        expectRefusal(none, 429, 2127, { detail: 'ask for a new code' });
        // More often than codes may be sent: none of these was.
        for (let count = 0; count < 11; count++) expect((await send(shop, id)).status).toBe(502);
        office.refusal = undefined;
        office.setSmsTrouble('fail', false);
        expect((await send(shop, id)).status).toBe(200);
        const address = channel === 'sms' ? shop.phone : shop.email;
        const confirmed = await shop.api.post(`challenge/${id}/confirm`, { tan: office.codeFor(address) });
        expect(confirmed.status).toBe(204);
      },
    );

    it('leave the code before them in force, with the attempts it had left', async () => {
      const { shop, id } = await challenged(world.server);
      await send(shop, id);
      const code = office.codeFor(shop.email);
      const wrong = await shop.api.post(`challenge/${id}/confirm`, { tan: otherThan(code) });
      expect(wrong.body).toMatchObject({ retry_counter: 2 });
      world.clock.advanceSeconds(61);
      office.refusal = 'full';
      expect((await send(shop, id)).status).toBe(502);
      office.refusal = undefined;
      const again = await shop.api.post(`challenge/${id}/confirm`, { tan: otherThan(code) });
      expect(again.body).toMatchObject({ retry_counter: 1 });
      expect((await shop.api.post(`challenge/${id}/confirm`, { tan: code })).status).toBe(204);
    });

    it.each([
      ['a program that is not there', { smsCommand: ['/no/such/program'] }, 'sms'],
      ['a mail server that is not there', { port: 1 }, 'email'],
    ] as const)('are reported for %s: 502 with 2128', async (_name, change, channel) => {
      const { shop, id } = await challenged(world.server, channel);
      const mailServer = { ...office.mailServer, ...change };
      const config = { ...office.config, mailServer, ...('smsCommand' in change ? change : {}) };
      await withServer(world, config, async ({ api }) => {
        const answer = await api.post(`instances/${shop.id}/challenge/${id}`, {});
        expectRefusal(answer, 502, 2128, { detail: channel });
      });
    });

    it('never show a password of ours to a mail server that does not encrypt', async () => {
      const said: string[] = [];
      const server = createServer((socket) => {
        socket.write('220 mail.example ESMTP\r\n');
        socket.on('data', (data) => {
          said.push(data.toString());
          socket.write(
            /^EHLO/.test(data.toString()) ? '250-mail.example\r\n250 AUTH PLAIN LOGIN\r\n' : '500 no\r\n',
          );
        });
        socket.on('error', () => undefined);
      });
      await new Promise<void>((resolve) => server.listen(0, '0.0.0.0', resolve));
      const { port } = server.address() as AddressInfo;
      const { shop, id } = await challenged(world.server);
      // Not by a name of the loopback, where nobody listens in.
      const mailServer = { ...office.mailServer, host: '0.0.0.0', port, user: 'me', password: 'canary' };
      await withServer(world, { ...office.config, mailServer }, async ({ api }) => {
        const answer = await api.post(`instances/${shop.id}/challenge/${id}`, {});
        expectRefusal(answer, 502, 2128, { detail: 'email' });
      });
      await new Promise<void>((resolve) => server.close(() => resolve()));
      expect(said.join('')).toContain('EHLO');
      expect(said.join('')).not.toContain('AUTH');
    });
  });
});
