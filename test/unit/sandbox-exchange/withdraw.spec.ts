import { randomBytes } from 'node:crypto';
import { encodeBase32 } from '../../../src/taler/base32';
import { createSigner, generateSeed } from '../../../src/taler/eddsa';
import { affirmDenomExpired } from '../../../src/taler/signatures-exchange';
import { parseTimestamp } from '../../../src/taler/timestamp';
import { expectAsRecorded } from './fixture';
import { bytes, DAY_S, defined, flipBit, Harness, LONG_MS, makePlanchet, objects, unblind } from './harness';

let harness: Harness;
beforeEach(async () => {
  harness = await Harness.start();
});
afterEach(() => harness.close());

const BANK = '/bank/accounts/Exchange/taler-wire-gateway';

describe('reserves', () => {
  it('are unknown until money arrives (010-012)', async () => {
    const reserve = createSigner(generateSeed());
    const pub = encodeBase32(reserve.publicKey);
    expectAsRecorded(await harness.get(`/reserves/${pub}`), '010-reserve-unknown');
    const filling = await harness.post(`${BANK}/admin/add-incoming`, {
      amount: 'KUDOS:200',
      reserve_pub: pub,
      debit_account: 'payto://x-taler-bank/localhost/Customer1?receiver-name=Customer1',
    });
    expectAsRecorded(filling, '011-bank-admin-add-incoming');
    const status = await harness.get(`/reserves/${pub}?timeout_ms=10000`);
    expectAsRecorded(status, '012-reserve-status');
    expect(status.body).toEqual({
      balance: 'KUDOS:200',
      last_origin: 'payto://x-taler-bank/localhost/Customer1?receiver-name=Customer1',
    });
  });

  it('wake a wallet that polls for them', async () => {
    const reserve = createSigner(generateSeed());
    const pub = encodeBase32(reserve.publicKey);
    const waiting = await harness.longPoll(`/reserves/${pub}?timeout_ms=${LONG_MS}`);
    await harness.post(`${BANK}/admin/add-incoming`, {
      amount: 'KUDOS:3',
      reserve_pub: pub,
      debit_account: 'payto://x-taler-bank/localhost/C?receiver-name=C',
    });
    expect((await waiting.answer).body.balance).toBe('KUDOS:3');
  });

  it('answer 404 when nothing came in time', async () => {
    const answer = await harness.get(`/reserves/${encodeBase32(randomBytes(32))}?timeout_ms=30`);
    expect([answer.status, answer.body.code]).toEqual([404, 1027]);
  });

  it('refuse a malformed key and a malformed timeout', async () => {
    expect((await harness.get('/reserves/XYZ')).body).toMatchObject({ code: 27 });
    const answer = await harness.get(`/reserves/${encodeBase32(randomBytes(32))}?timeout_ms=soon`);
    expect([answer.status, answer.body]).toEqual([
      400,
      expect.objectContaining({ code: 26, detail: 'timeout_ms' }),
    ]);
  });
});

describe('batch-withdraw', () => {
  it('signs coins of every denomination that verify after unblinding (013)', async () => {
    const reserve = await harness.fund('KUDOS:200');
    const values = ['KUDOS:10', 'KUDOS:5', 'KUDOS:2', 'KUDOS:1', 'KUDOS:0.1', 'KUDOS:0.01', 'KUDOS:20'];
    const planchets = values.map((value) =>
      makePlanchet(reserve, { denomination: harness.denomination(value) }),
    );
    const path = `/reserves/${encodeBase32(reserve.publicKey)}/batch-withdraw`;
    const answer = await harness.post(path, { planchets: planchets.map(({ json }) => json) });
    expectAsRecorded(answer, '013-batch-withdraw');
    const signatures = objects(answer.body.ev_sigs);
    for (const [index, planchet] of planchets.entries()) unblind(planchet, defined(signatures[index]));
    const status = await harness.get(`/reserves/${encodeBase32(reserve.publicKey)}`);
    expect(status.body.balance).toBe('KUDOS:161.81');
  });

  it('signs age restricted coins (014)', async () => {
    const reserve = await harness.fund('KUDOS:10');
    const denomination = harness.denomination('KUDOS:5', { age: true });
    const planchet = makePlanchet(reserve, { denomination, hAge: randomBytes(32) });
    const path = `/reserves/${encodeBase32(reserve.publicKey)}/batch-withdraw`;
    const answer = await harness.post(path, { planchets: [planchet.json] });
    expectAsRecorded(answer, '014-batch-withdraw-age-restricted');
    unblind(planchet, defined(objects(answer.body.ev_sigs)[0]));
  });

  it('takes the money once however often the same planchets come', async () => {
    const reserve = await harness.fund('KUDOS:1.01');
    const planchet = makePlanchet(reserve, { denomination: harness.denomination('KUDOS:1') });
    const path = `/reserves/${encodeBase32(reserve.publicKey)}/batch-withdraw`;
    const answers = await Promise.all(
      Array.from({ length: 5 }, () => harness.post(path, { planchets: [planchet.json] })),
    );
    expect(new Set(answers.map(({ status, text }) => `${status} ${text}`)).size).toBe(1);
    expect((await harness.get(`/reserves/${encodeBase32(reserve.publicKey)}`)).body.balance).toBe('KUDOS:0');
  });

  it('refuses unknown reserves, too little money, wrong signatures and empty requests', async () => {
    const stranger = createSigner(generateSeed());
    const planchet = makePlanchet(stranger, { denomination: harness.denomination('KUDOS:1') });
    const unknown = await harness.post(`/reserves/${encodeBase32(stranger.publicKey)}/batch-withdraw`, {
      planchets: [planchet.json],
    });
    expectAsRecorded(unknown, '015-batch-withdraw-unknown-reserve');
    const reserve = await harness.fund('KUDOS:1');
    const path = `/reserves/${encodeBase32(reserve.publicKey)}/batch-withdraw`;
    const good = makePlanchet(reserve, { denomination: harness.denomination('KUDOS:1') });
    const tooMuch = await harness.post(path, { planchets: [good.json] });
    expect([tooMuch.status, tooMuch.body]).toEqual([
      409,
      { code: 1150, hint: expect.any(String), balance: 'KUDOS:1', requested_amount: 'KUDOS:1.01' },
    ]);
    const forged = await harness.post(path, {
      planchets: [{ ...good.json, reserve_sig: flipBit(good.json.reserve_sig) }],
    });
    expect([forged.status, forged.body.code]).toEqual([403, 1154]);
    const none = await harness.post(path, { planchets: [] });
    expect([none.status, none.body]).toEqual([
      400,
      expect.objectContaining({ code: 26, detail: 'planchets' }),
    ]);
  });

  it('takes nothing if one of several planchets is bad', async () => {
    const reserve = await harness.fund('KUDOS:10');
    const path = `/reserves/${encodeBase32(reserve.publicKey)}/batch-withdraw`;
    const one = makePlanchet(reserve, { denomination: harness.denomination('KUDOS:1') });
    const two = makePlanchet(reserve, { denomination: harness.denomination('KUDOS:2') });
    const answer = await harness.post(path, {
      planchets: [one.json, { ...two.json, reserve_sig: one.json.reserve_sig ?? '' }],
    });
    expect(answer.status).toBe(403);
    expect((await harness.get(`/reserves/${encodeBase32(reserve.publicKey)}`)).body.balance).toBe('KUDOS:10');
  });

  it('refuses an expired denomination with a signed statement (303)', async () => {
    const reserve = await harness.fund('KUDOS:10');
    const denomination = harness.denomination('KUDOS:1');
    const planchet = makePlanchet(reserve, { denomination });
    harness.advance(31 * DAY_S);
    const path = `/reserves/${encodeBase32(reserve.publicKey)}/batch-withdraw`;
    const answer = await harness.post(path, { planchets: [planchet.json] });
    expectAsRecorded(answer, '303-withdraw-after-expiry');
    const statement = {
      timestamp: defined(parseTimestamp(answer.body.timestamp)),
      operation: 'batch-wi',
      hDenom: denomination.hDenom,
    };
    expect(
      affirmDenomExpired.verify(harness.exchangePub(answer), statement, bytes(answer.body.exchange_sig, 64)),
    ).toBe(true);
  });
});
