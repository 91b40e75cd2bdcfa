import { randomBytes } from 'node:crypto';
import { encodeBase32 } from '../../../src/taler/base32';
import { hashNormalizedPayto } from '../../../src/taler/payto';
import { kycAuth } from '../../../src/taler/signatures-merchant';
import { SECOND_US } from '../../../src/taler/timestamp';
import { expectAsRecorded } from './fixture';
import { type Coin, defined, Harness, LONG_MS, makeMerchant, type Merchant, objects } from './harness';

let harness: Harness;
let merchant: Merchant;
beforeEach(async () => {
  harness = await Harness.start();
  merchant = makeMerchant('KycShop');
});
afterEach(() => harness.close());

const switchKyc = (body: object) => harness.post('/sandbox/kyc', body);

function checkOf(owner: Merchant, query = '') {
  const signature = encodeBase32(kycAuth.sign(owner.signer, {}));
  const path = `/kyc-check/${encodeBase32(hashNormalizedPayto(merchant.payto))}${query}`;
  return [path, { 'Account-Owner-Signature': signature }] as const;
}

const check = (owner: Merchant, query?: string) => harness.get(...checkOf(owner, query));

async function authenticate(): Promise<void> {
  const answer = await harness.post('/bank/accounts/Exchange/taler-wire-gateway/admin/add-kycauth', {
    amount: 'KUDOS:0.01',
    account_pub: merchant.pub,
    debit_account: merchant.payto,
  });
  expectAsRecorded(answer, '205-bank-kyc-auth-transfer');
}

function depositOf(coin: Coin | undefined, contribution: string, owner = merchant) {
  const known = defined(coin);
  return harness.build({
    merchant: { ...owner, payto: merchant.payto },
    parts: [{ coin: known, contribution }],
  });
}

async function passForm(token: unknown): Promise<void> {
  const info = await harness.get(`/kyc-info/${String(token)}`);
  expectAsRecorded(info, '214-kyc-form-info');
  const id = String(objects(info.body.requirements)[0]?.id);
  const upload = await harness.post(`/kyc-upload/${id}`, 'full_name=Fixture%20Shop&birthdate=1980-01-01');
  expect(upload.status).toBe(204);
}

describe('with KYC off', () => {
  it('kyc-check says 204, and refuses requests without signature or with an old path (130-132)', async () => {
    expect((await check(merchant)).status).toBe(204);
    const path = `/kyc-check/${encodeBase32(randomBytes(32))}`;
    const unsigned = await harness.get(path);
    expectAsRecorded(unsigned, '131-kyc-check-no-signature');
    expect(unsigned.body.detail).toBe('Account-Owner-Signature');
    const old = await harness.get('/kyc-check/5');
    expectAsRecorded(old, '132-kyc-check-row-number');
    expect(old.body.detail).toBe('h_payto');
  });
});

describe('with a limit on deposits', () => {
  beforeEach(async () => {
    expect((await switchKyc({ enabled: true })).status).toBe(204);
  });

  it('config and keys show the limits (200, 201)', async () => {
    expectAsRecorded(await harness.get('/config'), '200-kyc-config');
    const { body } = await harness.get('/keys');
    expect(objects(body.hard_limits).map((limit) => limit.operation_type)).toEqual(['BALANCE', 'WITHDRAW']);
    expect(body.wallet_balance_limit_without_kyc).toEqual(['KUDOS:1000']);
  });

  it('an account goes from unknown over authenticated and limited to passed (202-216)', async () => {
    const [small, large, further, other] = await harness.coins('KUDOS:1', 'KUDOS:5', 'KUDOS:1', 'KUDOS:1');
    expectAsRecorded(await check(merchant), '202-kyc-check-account-unknown');
    const first = depositOf(small, 'KUDOS:1');
    expectAsRecorded(await harness.deposit(first), '203-kyc-first-deposit');
    expectAsRecorded(await check(merchant), '204-kyc-check-after-refusal');
    await authenticate();
    expectAsRecorded(await check(merchant), '206-kyc-check-after-auth');
    expectAsRecorded(await harness.deposit(first), '207-kyc-small-deposit');
    const big = depositOf(large, 'KUDOS:5');
    const refused = await harness.deposit(big);
    expectAsRecorded(refused, '208-kyc-deposit-above-limit');
    expect(refused.body.account_pub).toBe(merchant.pub);
    const required = await check(merchant);
    expectAsRecorded(required, '209-kyc-check-required');
    const wrong = await check(makeMerchant());
    expectAsRecorded(wrong, '210-kyc-check-wrong-key');
    expect(wrong.body.expected_account_pub).toBe(merchant.pub);
    expectAsRecorded(
      await harness.deposit(depositOf(further, 'KUDOS:1')),
      '211-kyc-small-deposit-while-required',
    );
    const stranger = await harness.deposit(depositOf(other, 'KUDOS:1', makeMerchant()));
    expectAsRecorded(stranger, '212-kyc-deposit-other-merchant-key');
    expectAsRecorded(await check(merchant, '?timeout_ms=50&lpt=3'), '213-kyc-check-long-poll');
    const waiting = await harness.longPoll(...checkOf(merchant, `?timeout_ms=${LONG_MS}&lpt=3`));
    await passForm(required.body.access_token);
    expectAsRecorded(await waiting.answer, '215-kyc-check-done');
    expectAsRecorded(await harness.deposit(big), '216-kyc-deposit-after-kyc');
  });

  it('a poll for the KYC auth transfer is released by it', async () => {
    const waiting = await harness.longPoll(...checkOf(merchant, `?timeout_ms=${LONG_MS}&lpt=1`));
    await authenticate();
    expect((await waiting.answer).status).toBe(200);
  });

  it('the operator may pass and revoke an account', async () => {
    await authenticate();
    const [coin] = await harness.coins('KUDOS:5');
    const big = depositOf(coin, 'KUDOS:5');
    expect((await harness.deposit(big)).status).toBe(451);
    await switchKyc({ account: merchant.payto, change: 'passed' });
    expect((await check(merchant)).body.limits).toEqual([]);
    await switchKyc({ account: merchant.payto, change: 'revoked' });
    expect((await harness.deposit(big)).status).toBe(451);
    expect((await check(merchant)).status).toBe(202);
    await switchKyc({ enabled: false });
    expect((await harness.deposit(big)).status).toBe(200);
  });

  it('an account that deposited before KYC came has no key yet: 409', async () => {
    await switchKyc({ enabled: false });
    const [coin] = await harness.coins('KUDOS:1');
    await harness.deposit(depositOf(coin, 'KUDOS:1'));
    await switchKyc({ enabled: true });
    const answer = await check(merchant);
    expect([answer.status, answer.body.code]).toEqual([409, 1940]);
  });
});

describe('with a limit on transfers', () => {
  it('the money waits until KYC is passed, and tracking says so (220-228)', async () => {
    await switchKyc({ enabled: true });
    await authenticate();
    const [one, two] = await harness.coins('KUDOS:1', 'KUDOS:1');
    const built = harness.build({
      merchant,
      parts: [
        { coin: defined(one), contribution: 'KUDOS:1' },
        { coin: defined(two), contribution: 'KUDOS:1' },
      ],
      refundDeadline: harness.now + SECOND_US,
      wireDeadline: harness.now + 3n * SECOND_US,
    });
    expectAsRecorded(await harness.deposit(built), '221-kyc-deposit-due-soon');
    const path = harness.trackPath(built, defined(one));
    expectAsRecorded(await harness.get(path), '222-kyc-track-before');
    harness.advance(5);
    expect(await harness.exchange.wireNow()).toEqual([]);
    expectAsRecorded(await harness.get(path), '223-kyc-track-needs-kyc');
    expectAsRecorded(await harness.get(`${path}&timeout_ms=5000&lpt=1`), '224-kyc-track-long-poll-lpt1');
    const required = await check(merchant);
    expectAsRecorded(required, '225-kyc-check-aggregate-required');
    await passForm(required.body.access_token);
    expect(await harness.exchange.wireNow()).toHaveLength(1);
    expectAsRecorded(await harness.get(path), '227-kyc-track-done');
    expectAsRecorded(await check(merchant), '228-kyc-check-done');
  });
});

describe('the admin call', () => {
  it('refuses what it does not understand', async () => {
    for (const body of [
      { enabled: 'yes' },
      { enabled: true, deposit_limit: 'EUR:1' },
      { account: 'x' },
      [],
    ]) {
      const answer = await switchKyc(body);
      expect([answer.status, answer.body.code]).toEqual([400, 26]);
    }
    const unknown = await switchKyc({ account: merchant.payto, change: 'passed' });
    expect([unknown.status, unknown.body.code]).toEqual([404, 1939]);
  });
});
