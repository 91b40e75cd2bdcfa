import { decodeBase32 } from '../../../src/taler/base32';
import { hashExtensionManifests } from '../../../src/taler/canonical-json';
import { isJsonObject, type JsonObject } from '../../../src/taler/json';
import { hashDenominationSignatures, keySet } from '../../../src/taler/signatures-exchange';
import {
  denominationKeyValidity,
  extensions,
  globalFees,
  signingKeyValidity,
  wireDetails,
  wireFees,
} from '../../../src/taler/signatures-master';
import { parseRelativeTime, parseTimestamp } from '../../../src/taler/timestamp';
import { expectAsRecorded, outline, recordedAnswer } from './fixture';
import { amount, bytes, defined, Harness, objects } from './harness';
import { hashDenomination, parseDenominationKey } from '../../../src/taler/denominations';

let harness: Harness;
beforeAll(async () => {
  harness = await Harness.start();
});
afterAll(() => harness.close());

const time = (value: JsonObject[string] | undefined): bigint => defined(parseTimestamp(value));

describe('GET /keys', () => {
  it('has the members of the recording, but for the Clause-Schnorr group', async () => {
    const answer = await harness.get('/keys');
    const recorded = recordedAnswer('002-keys');
    if (!isJsonObject(recorded.body)) throw new Error('odd recording');
    const denominations = objects(recorded.body.denominations).filter((group) => group.cipher !== 'CS');
    expect(outline(answer)).toEqual(outline({ status: 200, body: { ...recorded.body, denominations } }));
  });

  it('is signed by the master key in every part and by a signing key as a whole', async () => {
    const { body } = await harness.get('/keys');
    const master = harness.exchange.masterPublicKey;
    expect(body.master_public_key).toBe(harness.exchange.masterPubText);
    for (const key of objects(body.signkeys)) {
      const input = {
        start: time(key.stamp_start),
        expire: time(key.stamp_expire),
        end: time(key.stamp_end),
        key: bytes(key.key, 32),
      };
      expect(signingKeyValidity.verify(master, input, bytes(key.master_sig, 64))).toBe(true);
    }
    const masterSigs: Buffer[] = [];
    for (const group of objects(body.denominations)) {
      for (const denom of objects(group.denoms)) {
        const input = {
          masterPub: master,
          start: time(denom.stamp_start),
          expireWithdraw: time(denom.stamp_expire_withdraw),
          expireDeposit: time(denom.stamp_expire_deposit),
          expireLegal: time(denom.stamp_expire_legal),
          value: amount(String(group.value)),
          feeWithdraw: amount(String(group.fee_withdraw)),
          feeDeposit: amount(String(group.fee_deposit)),
          feeRefresh: amount(String(group.fee_refresh)),
          feeRefund: amount(String(group.fee_refund)),
          hDenom: hashDenomination(defined(parseDenominationKey({ ...group, ...denom }))),
        };
        masterSigs.push(bytes(denom.master_sig, 64));
        expect(denominationKeyValidity.verify(master, input, bytes(denom.master_sig, 64))).toBe(true);
      }
    }
    expect(masterSigs).toHaveLength(16);
    const set = {
      listIssueDate: time(body.list_issue_date),
      hDenominationSignatures: hashDenominationSignatures(masterSigs),
    };
    expect(keySet.verify(bytes(body.exchange_pub, 32), set, bytes(body.exchange_sig, 64))).toBe(true);
    const manifests = { hManifests: hashExtensionManifests(defined(body.extensions)) };
    expect(extensions.verify(master, manifests, bytes(body.extensions_sig, 64))).toBe(true);
  });

  it('offers an account and wire fees for x-taler-bank and for iban, all signed', async () => {
    const { body } = await harness.get('/keys');
    const master = harness.exchange.masterPublicKey;
    for (const account of objects(body.accounts)) {
      const input = { payto: String(account.payto_uri), debitRestrictions: [], creditRestrictions: [] };
      expect(wireDetails.verify(master, input, bytes(account.master_sig, 64))).toBe(true);
    }
    expect(objects(body.accounts)).toHaveLength(2);
    if (!isJsonObject(body.wire_fees)) throw new Error('no wire fees');
    for (const wireMethod of ['x-taler-bank', 'iban']) {
      const fees = objects(body.wire_fees[wireMethod]);
      const [first] = fees;
      expect(time(first?.start_date) <= harness.now && harness.now < time(first?.end_date)).toBe(true);
      for (const fee of fees) {
        const input = {
          wireMethod,
          startDate: time(fee.start_date),
          endDate: time(fee.end_date),
          wireFee: amount(String(fee.wire_fee)),
          closingFee: amount(String(fee.closing_fee)),
        };
        expect(wireFees.verify(master, input, bytes(fee.sig, 64))).toBe(true);
      }
    }
    for (const fee of objects(body.global_fees)) {
      const input = {
        startDate: time(fee.start_date),
        endDate: time(fee.end_date),
        purseTimeout: defined(parseRelativeTime(fee.purse_timeout)),
        historyExpiration: defined(parseRelativeTime(fee.history_expiration)),
        historyFee: amount(String(fee.history_fee)),
        accountFee: amount(String(fee.account_fee)),
        purseFee: amount(String(fee.purse_fee)),
        purseAccountLimit: Number(fee.purse_account_limit),
      };
      expect(globalFees.verify(master, input, bytes(fee.master_sig, 64))).toBe(true);
    }
  });

  it('answers 304 without body to its own entity tag, bare, quoted or in a list', async () => {
    const { headers } = await harness.get('/keys');
    const etag = String(headers.etag);
    expect(decodeBase32(etag, 64)).toBeDefined();
    for (const value of [etag, `"${etag}"`, `"other", W/"${etag}"`]) {
      const answer = await harness.get('/keys', { 'If-None-Match': value });
      expect([answer.status, answer.text, answer.headers.etag]).toEqual([304, '', etag]);
    }
    expect((await harness.get('/keys', { 'If-None-Match': 'other' })).status).toBe(200);
    expect((await harness.get('/keys?last_issue_date=1795148762')).status).toBe(200);
  });

  it('is compressed as zlib if the client offers deflate, and plain if it offers gzip only', async () => {
    const response = await fetch(`${harness.exchange.baseUrl}keys`, {
      headers: { 'Accept-Encoding': 'deflate' },
    });
    expect(response.headers.get('content-encoding')).toBe('deflate');
    expect(await response.json()).toHaveProperty('signkeys');
    const plain = await harness.get('/keys', { 'Accept-Encoding': 'gzip, deflate;q=0' });
    expect(plain.headers['content-encoding']).toBeUndefined();
  });
});

describe('GET /config', () => {
  it('answers as recorded', async () => {
    const answer = await harness.get('/config');
    expectAsRecorded(answer, '001-config');
    expect(answer.body).toEqual(recordedAnswer('001-config').body);
    expect(answer.headers.expires).toBe('Sun, 22 Nov 2026 00:00:00 GMT');
  });
});
