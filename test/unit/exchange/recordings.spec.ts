import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { Logger } from '@nestjs/common';
import { parseErrorBody } from '../../../src/exchange/codecs';
import { BatchDepositRequest } from '../../../src/exchange/deposit-call';
import { TrustedExchange } from '../../../src/exchange/exchange-directory';
import { ExchangeKeys } from '../../../src/exchange/exchange-keys';
import { formatAmount, zeroAmount } from '../../../src/taler/amount';
import { encodeBase32 } from '../../../src/taler/base32';
import { createSigner } from '../../../src/taler/eddsa';
import { JsonValue } from '../../../src/taler/json';
import { merchantContract } from '../../../src/taler/signatures-merchant';
import { parseTimestamp } from '../../../src/taler/timestamp';
import {
  amount,
  answerJson,
  bytes,
  KYC_MASTER_PUB,
  object,
  Recording,
  RECORDED_MASTER_PUB,
  RECORDED_NOW_US,
  recordedAtUs,
  recordedKeys,
  recording,
  ScriptedServer,
  Stack,
  TestClock,
} from './support';

const MAIN = 'http://localhost:18081/';
const KYC = 'http://localhost:28081/';
/** The exchange whose denominations expire; its /keys was not recorded. */
const SHORT_LIVED = 'http://localhost:38081/';

const names = readdirSync(join(__dirname, '../../fixtures/exchange'))
  .filter((file) => /^\d.*\.json$/.test(file) && !file.startsWith('400'))
  .map((file) => file.slice(0, -'.json'.length));

const isDeposit = ({ request }: Recording) => request.method === 'POST' && request.path === '/batch-deposit';
const isRefund = ({ request }: Recording) => /^\/coins\/[^/]{52}\/refund$/.test(request.path);
const isTracking = ({ request }: Recording) =>
  /^\/deposits(\/[^/]{50,}){4}\?.*merchant_sig=/.test(request.path);

/** Recorded requests that our client cannot be made to send: spoilt on purpose, or oversized. */
const NOT_OURS = new Set([
  '045-missing-field',
  '046-missing-timestamp',
  '047-no-coins',
  '050-bad-base32',
  '051-short-key',
  '060-malformed-json',
  '061-empty-body',
  '062-json-array',
  '063-json-string',
  '064-deep-nesting',
  '065-invalid-utf8',
  '066-deflate-body',
  '068-oversize-body',
  '068b-announced-oversize',
  '068c-oversize-chunked',
  '069-two-mib-body',
  '070-too-many-coins',
  '092-refund-malformed',
]);

/** Coins twice in a batch: confirmed by the exchange, refused by us before sending. */
const REPEATED_COIN = /^054/;

/** Differs from what we send: members we never have, or values spoilt. */
const OTHER_BODY = new Set(['044-bad-merchant-sig', '052-policy-not-supported', '053-extra-fields-ignored']);

function select(filter: (transcript: Recording) => boolean): string[] {
  return names.filter((name) => !NOT_OURS.has(name) && filter(recording(name)));
}

describe('a recorded conversation, played by a server', () => {
  let server: ScriptedServer;
  let stacks: Record<string, Stack>;
  let keys: Record<string, ExchangeKeys>;
  let exchanges: Record<string, TrustedExchange>;
  let played: Recording;
  const clock = new TestClock(RECORDED_NOW_US);

  beforeAll(async () => {
    jest.spyOn(Logger.prototype, 'error').mockImplementation(() => undefined);
    server = await ScriptedServer.start();
    server.handler = (request, response) => {
      if (request.url === '/keys') {
        const kyc = played.request.base_url === KYC;
        answerJson(response, 200, recordedKeys(server.baseUrl, kyc ? '201-kyc-keys' : '002-keys'));
        return;
      }
      const { status, body } = played.response;
      response.writeHead(status, { 'content-type': 'application/json' });
      response.end(body === undefined || body === null ? undefined : JSON.stringify(body));
    };
    exchanges = {};
    stacks = {};
    keys = {};
    const masters = [
      [MAIN, RECORDED_MASTER_PUB, '002-keys'],
      [KYC, KYC_MASTER_PUB, '201-kyc-keys'],
      [SHORT_LIVED, RECORDED_MASTER_PUB, '002-keys'],
    ] as const;
    for (const [recordedUrl, masterPub, keysRecording] of masters) {
      const exchange = { baseUrl: server.baseUrl, masterPub, currency: 'KUDOS' };
      const stack = new Stack([exchange], clock);
      exchanges[recordedUrl] = exchange;
      stacks[recordedUrl] = stack;
      played = recording(keysRecording);
      clock.us = recordedAtUs(played);
      keys[recordedUrl] = await stack.cache.get(exchange);
    }
  });

  afterAll(async () => {
    await Promise.all(Object.values(stacks).map((stack) => stack.close()));
    await server.close();
    jest.restoreAllMocks();
  });

  function setScene(name: string) {
    played = recording(name);
    clock.us = recordedAtUs(played);
    server.seen.length = 0;
    const { base_url: baseUrl } = played.request;
    const stack = stacks[baseUrl];
    const exchange = exchanges[baseUrl];
    const exchangeKeys = keys[baseUrl];
    if (stack === undefined || exchange === undefined || exchangeKeys === undefined) throw new Error(baseUrl);
    return { client: stack.client, exchange, keys: exchangeKeys, ...played };
  }

  function depositRequest({ request, inputs }: Recording, exchangeKeys: ExchangeKeys): BatchDepositRequest {
    const body = object(request.body);
    const hContract = bytes(body.h_contract_terms, 64);
    const merchant = createSigner(bytes(inputs?.merchant_priv, 32));
    const coins = Array.isArray(body.coins) ? body.coins.map(object) : [];
    return {
      merchantPaytoUri: String(body.merchant_payto_uri),
      wireSalt: bytes(body.wire_salt, 16),
      hContract,
      merchantPub: bytes(body.merchant_pub, 32),
      merchantSig: merchantContract.sign(merchant, { hContract }),
      timestamp: timestamp(body.timestamp),
      refundDeadline: body.refund_deadline === undefined ? 0n : timestamp(body.refund_deadline),
      wireDeadline: timestamp(body.wire_transfer_deadline),
      walletDataHash: body.wallet_data_hash === undefined ? undefined : bytes(body.wallet_data_hash, 64),
      coins: coins.map((coin) => {
        const hDenom = bytes(coin.denom_pub_hash, 64);
        const contribution = amount(coin.contribution);
        return {
          coinPub: bytes(coin.coin_pub, 32),
          hDenom,
          ubSig: object(coin.ub_sig),
          contribution,
          depositFee:
            exchangeKeys.denominations.find(hDenom)?.feeDeposit ?? zeroAmount(contribution.currency),
          coinSig: bytes(coin.coin_sig, 64),
          hAgeCommitment: coin.h_age_commitment === undefined ? undefined : bytes(coin.h_age_commitment, 32),
        };
      }),
    };
  }

  const deposits = select(isDeposit);

  it('covers the deposits, refunds and trackings that were recorded', () => {
    expect(deposits.length).toBeGreaterThanOrEqual(44);
    expect(select(isRefund).length).toBeGreaterThanOrEqual(16);
    expect(select(isTracking).length).toBeGreaterThanOrEqual(13);
  });

  it.each(deposits.filter((name) => recording(name).response.status === 200 && !REPEATED_COIN.test(name)))(
    'deposit %s: sends the recorded request and takes the confirmation for the recorded total',
    async (name) => {
      const scene = setScene(name);
      const request = depositRequest(scene, scene.keys);
      const outcome = await scene.client.batchDeposit({ ...scene, request, timeoutMs: 60_000 });
      expect(outcome).toMatchObject({ kind: 'confirmed' });
      if (outcome.kind !== 'confirmed') return;
      const body = object(scene.response.body);
      expect(formatAmount(outcome.totalWithoutFee)).toBe(scene.inputs?.total_without_fee);
      expect(encodeBase32(outcome.exchangePub)).toBe(body.exchange_pub);
      expect(encodeBase32(outcome.exchangeSig)).toBe(body.exchange_sig);
      expect(outcome.exchangeTimestamp).toBe(timestamp(body.exchange_timestamp));
      expectSent(name, scene);
    },
  );

  it.each(deposits.filter((name) => recording(name).response.status !== 200))(
    'deposit %s: refuses as the exchange did, with its answer for the wallet',
    async (name) => {
      const scene = setScene(name);
      const request = depositRequest(scene, scene.keys);
      const outcome = await scene.client.batchDeposit({ ...scene, request, timeoutMs: 60_000 });
      const { status, body } = scene.response;
      const { code } = object(body);
      expectSent(name, scene);
      if (status === 451) {
        const said = object(body);
        expect(outcome).toMatchObject({
          kind: 'legally-refused',
          error: { code: 2186, status: 451, extra: { exchange_base_urls: [server.baseUrl] } },
          refusal: {
            hPayto: bytes(said.h_payto, 32),
            requirementRow: said.requirement_row,
            badKycAuth: said.bad_kyc_auth ?? false,
            accountPub: said.account_pub === undefined ? undefined : bytes(said.account_pub, 32),
          },
        });
        return;
      }
      const ours = code === 1012 ? { code: 2150, status: 409 } : { code: 2014, status: 502 };
      expect(outcome).toMatchObject({ kind: 'refused', status, code, error: ours });
      if (outcome.kind !== 'refused') return;
      expect(outcome.error.extra).toEqual({
        exchange_url: server.baseUrl,
        exchange_http_status: status,
        exchange_code: code,
        exchange_ec: code,
        exchange_reply: body,
      });
      expect(outcome.coinPub && encodeBase32(outcome.coinPub)).toBe(
        code === 1012 ? object(body).coin_pub : undefined,
      );
    },
  );

  it.each(deposits.filter((name) => REPEATED_COIN.test(name)))(
    'deposit %s: is never sent, as the exchange would confirm twice what it counts once',
    async (name) => {
      const scene = setScene(name);
      const request = depositRequest(scene, scene.keys);
      const call = scene.client.batchDeposit({ ...scene, request, timeoutMs: 60_000 });
      await expect(call).rejects.toThrow('must not repeat a coin');
      expect(server.seen).toEqual([]);
    },
  );

  it.each(select(isRefund))('refund %s: sends the recorded request and reads the answer', async (name) => {
    const scene = setScene(name);
    const body = object(scene.request.body);
    const outcome = await scene.client.refundCoin({
      ...scene,
      request: {
        coinPub: bytes(scene.request.path.split('/')[2], 32),
        hContract: bytes(body.h_contract_terms, 64),
        merchantPub: bytes(body.merchant_pub, 32),
        rtransactionId: BigInt(Number(body.rtransaction_id)),
        refundAmount: amount(body.refund_amount),
        merchantSig: bytes(body.merchant_sig, 64),
      },
    });
    expect(server.seen[0]).toMatchObject({ method: 'POST', url: scene.request.path });
    expect(JSON.parse(server.seen[0]?.body ?? '')).toEqual(body);
    const reply = object(scene.response.body);
    const { status } = scene.response;
    if (scene.request.base_url === SHORT_LIVED) {
      // Signed by an exchange whose keys we do not have: the cache is asked once more, and then it proves nothing.
      expect(outcome).toMatchObject({ kind: 'failed', status, error: { code: 2029, status: 502 } });
      return;
    }
    if (status === 200) {
      expect(outcome).toEqual({
        kind: 'confirmed',
        exchangePub: bytes(reply.exchange_pub, 32),
        exchangeSig: bytes(reply.exchange_sig, 64),
      });
      return;
    }
    const kind = status >= 500 ? 'failed' : 'refused';
    expect(outcome).toMatchObject({
      kind,
      status,
      code: reply.code,
      reply,
      error: { code: 2014, status: 502 },
    });
  });

  it.each(select(isTracking))(
    'tracking %s: sends the recorded request and reads the answer',
    async (name) => {
      const scene = setScene(name);
      const url = new URL(scene.request.path, server.baseUrl);
      const [, , hWire, merchantPub, hContract, coinPub] = url.pathname.split('/');
      const lpt = url.searchParams.get('lpt');
      const timeout = url.searchParams.get('timeout_ms');
      const outcome = await scene.client.trackDeposit({
        ...scene,
        request: {
          hWire: bytes(hWire, 64),
          merchantPub: bytes(merchantPub, 32),
          hContract: bytes(hContract, 64),
          coinPub: bytes(coinPub, 32),
          merchantSig: bytes(url.searchParams.get('merchant_sig'), 64),
        },
        longPoll:
          lpt === null
            ? undefined
            : { timeoutMs: Number(timeout), until: lpt === '2' ? 'wired' : 'kyc-needed-or-wired' },
      });
      // Recording 102 is the proof that timeout_ms alone does nothing; we never send it so.
      const expectedUrl = name.startsWith('102')
        ? scene.request.path.replace('&timeout_ms=2000', '')
        : scene.request.path;
      expect(server.seen[0]).toMatchObject({ method: 'GET', url: expectedUrl });
      const reply = object(scene.response.body);
      switch (scene.response.status) {
        case 200:
          expect(outcome).toEqual({
            kind: 'wired',
            wtid: bytes(reply.wtid, 32),
            executionTime: timestamp(reply.execution_time),
            coinContribution: amount(reply.coin_contribution),
            exchangePub: bytes(reply.exchange_pub, 32),
            exchangeSig: bytes(reply.exchange_sig, 64),
          });
          return;
        case 202:
          expect(outcome).toEqual({
            kind: 'pending',
            executionTime: timestamp(reply.execution_time),
            kycOk: reply.kyc_ok,
            requirementRow: reply.requirement_row,
            accountPub: reply.account_pub === undefined ? undefined : bytes(reply.account_pub, 32),
          });
          return;
        default:
          expect(outcome).toMatchObject({
            kind: 'refused',
            status: scene.response.status,
            code: reply.code,
            reply,
          });
      }
    },
  );

  function expectSent(name: string, { request }: Recording): void {
    if (OTHER_BODY.has(name)) return;
    const recorded = object(request.body);
    const sent = object(JSON.parse(server.seen[0]?.body ?? '') as JsonValue);
    if (recorded.merchant_sig === undefined) delete sent.merchant_sig;
    expect(sent).toEqual(recorded);
  }
});

describe('a recorded error body', () => {
  const errors = names.filter((name) => {
    const { status, body } = recording(name).response;
    return status >= 400 && body !== undefined && body !== null;
  });

  it.each(errors)('of %s has a code', (name) => {
    const { body } = recording(name).response;
    expect(parseErrorBody(body)).toMatchObject({ code: object(body).code });
  });

  it('is told from other bodies by its integer code', () => {
    const bodies: JsonValue[] = [null, 'error', [], {}, { code: '22' }, { code: 1.5 }, { code: -1 }];
    for (const body of [undefined, ...bodies]) {
      expect(parseErrorBody(body)).toBeUndefined();
    }
  });
});

function timestamp(json: JsonValue | undefined): bigint {
  const parsed = parseTimestamp(json);
  if (parsed === undefined) throw new Error(`no timestamp: ${JSON.stringify(json)}`);
  return parsed;
}
