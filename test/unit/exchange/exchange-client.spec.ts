import { Logger } from '@nestjs/common';
import { BatchDepositRequest, COINS_PER_BATCH_MAX, DepositCoin } from '../../../src/exchange/deposit-call';
import { ExchangeKeys } from '../../../src/exchange/exchange-keys';
import { FORCED_REFRESH_INTERVAL_US } from '../../../src/exchange/exchange-keys.cache';
import { encodeBase32 } from '../../../src/taler/base32';
import { createSigner, EddsaSigner } from '../../../src/taler/eddsa';
import { JsonObject, JsonValue } from '../../../src/taler/json';
import { hashWire } from '../../../src/taler/payto';
import {
  confirmDeposit,
  confirmRefund,
  confirmWire,
  hashCoinSignatures,
} from '../../../src/taler/signatures-exchange';
import { DAY_US, HOUR_US, timestampToJson } from '../../../src/taler/timestamp';
import {
  amount,
  answerJson,
  Handler,
  MintedExchange,
  RECORDED_NOW_US as NOW,
  ScriptedServer,
  Stack,
  TestClock,
} from './support';

const PAYTO = 'payto://iban/DE89370400440532013000?receiver-name=Shop';
const SALT = Buffer.alloc(16, 3);
const minted = new MintedExchange(NOW);

function coin(index: number): DepositCoin {
  return {
    coinPub: createSigner(Buffer.alloc(32, index + 1)).publicKey,
    hDenom: minted.hDenom(0),
    ubSig: { cipher: 'CS', cs_signature_r: 'R', cs_signature_s: 'S', unread: [1, null] },
    contribution: amount('KUDOS:5'),
    depositFee: amount('KUDOS:0.02'),
    coinSig: Buffer.alloc(64, index + 1),
  };
}

const request: BatchDepositRequest = {
  merchantPaytoUri: PAYTO,
  wireSalt: SALT,
  hContract: Buffer.alloc(64, 7),
  merchantPub: createSigner(Buffer.alloc(32, 200)).publicKey,
  merchantSig: Buffer.alloc(64, 8),
  timestamp: NOW,
  refundDeadline: NOW + HOUR_US,
  wireDeadline: NOW + DAY_US,
  coins: [coin(0), coin(1)],
};

interface Confirming {
  readonly total?: string;
  readonly signer?: EddsaSigner;
  readonly accumulated?: string;
  readonly change?: Partial<Parameters<typeof confirmDeposit.pack>[0]>;
}

/** What an honest exchange answers, and what a lying one could. */
function confirmation({
  total = 'KUDOS:9.96',
  signer = minted.signer,
  ...options
}: Confirming = {}): JsonObject {
  const exchangeSig = confirmDeposit.sign(signer, {
    hContract: request.hContract,
    hWire: hashWire(PAYTO, SALT),
    exchangeTimestamp: NOW,
    wireDeadline: request.wireDeadline,
    refundDeadline: request.refundDeadline,
    totalWithoutFee: amount(options.accumulated ?? total),
    hCoinSigs: hashCoinSignatures(request.coins.map(({ coinSig }) => coinSig)),
    merchantPub: request.merchantPub,
    ...options.change,
  });
  const body: JsonObject = {
    exchange_timestamp: { ...timestampToJson(NOW) },
    exchange_pub: encodeBase32(signer.publicKey),
    exchange_sig: encodeBase32(exchangeSig),
  };
  if (options.accumulated !== undefined) body.accumulated_total_without_fee = options.accumulated;
  return body;
}

describe('a client of an exchange', () => {
  let server: ScriptedServer;
  let stack: Stack;
  let clock: TestClock;
  let keys: ExchangeKeys;
  let onCall: Handler;
  let listed: readonly EddsaSigner[];

  beforeEach(async () => {
    jest.spyOn(Logger.prototype, 'error').mockImplementation(() => undefined);
    server = await ScriptedServer.start();
    listed = [minted.signer];
    server.handler = (incoming, response, body) => {
      if (incoming.url !== '/keys') return onCall(incoming, response, body);
      answerJson(response, 200, minted.document(server.baseUrl, { signers: listed }));
    };
    clock = new TestClock(NOW);
    stack = new Stack([exchange()], clock);
    keys = await stack.cache.get(exchange());
    clock.us += FORCED_REFRESH_INTERVAL_US;
  });

  afterEach(async () => {
    await stack.close();
    await server.close();
    jest.restoreAllMocks();
  });

  const exchange = () => minted.trusted(server.baseUrl);

  function deposit(changed: Partial<BatchDepositRequest> = {}, timeoutMs = 60_000, signal?: AbortSignal) {
    const call = { exchange: exchange(), keys, request: { ...request, ...changed }, timeoutMs, signal };
    return stack.client.batchDeposit(call);
  }

  function answering(status: number, body: JsonValue): void {
    onCall = (_incoming, response) => answerJson(response, status, body);
  }

  const members = (status: number, code: number, reply?: JsonValue) => ({
    exchange_url: server.baseUrl,
    exchange_http_status: status,
    exchange_code: code,
    exchange_ec: code,
    ...(reply === undefined ? {} : { exchange_reply: reply }),
  });

  describe('depositing coins', () => {
    it('takes a confirmation of contributions less fees', async () => {
      answering(200, confirmation());
      expect(await deposit()).toEqual({
        kind: 'confirmed',
        exchangeTimestamp: NOW,
        exchangePub: minted.signer.publicKey,
        exchangeSig: expect.any(Buffer),
        totalWithoutFee: amount('KUDOS:9.96'),
      });
    });

    it('passes ub_sig on as it came, and leaves out what there is not', async () => {
      answering(200, confirmation({ change: { refundDeadline: 0n } }));
      expect(await deposit({ refundDeadline: 0n })).toMatchObject({ kind: 'confirmed' });
      const sent = JSON.parse(server.seen.at(-1)?.body ?? '') as { coins: JsonObject[] };
      expect(sent.coins[0]?.ub_sig).toEqual(coin(0).ubSig);
      expect(sent.coins[0]).not.toHaveProperty('h_age_commitment');
      expect(sent).not.toHaveProperty('refund_deadline');
      expect(sent).not.toHaveProperty('wallet_data_hash');
    });

    it('takes an accumulated total that is signed and not below its own, and counts its own', async () => {
      answering(200, confirmation({ accumulated: 'KUDOS:20' }));
      expect(await deposit()).toMatchObject({ kind: 'confirmed', totalWithoutFee: amount('KUDOS:9.96') });
    });

    const lies: [string, JsonObject, string][] = [
      ['the total with fees', confirmation({ total: 'KUDOS:10' }), '$.exchange_sig'],
      ['a smaller total', confirmation({ total: 'KUDOS:4.98' }), '$.exchange_sig'],
      [
        'an accumulated total below ours',
        confirmation({ accumulated: 'KUDOS:9.95' }),
        '$.accumulated_total_without_fee',
      ],
      ['another contract', confirmation({ change: { hContract: Buffer.alloc(64) } }), '$.exchange_sig'],
      ['another account', confirmation({ change: { hWire: Buffer.alloc(64) } }), '$.exchange_sig'],
      ['another wire deadline', confirmation({ change: { wireDeadline: NOW } }), '$.exchange_sig'],
      ['another refund deadline', confirmation({ change: { refundDeadline: 0n } }), '$.exchange_sig'],
      ['other coins', confirmation({ change: { hCoinSigs: hashCoinSignatures([]) } }), '$.exchange_sig'],
      [
        'another merchant',
        confirmation({ change: { merchantPub: minted.signer.publicKey } }),
        '$.exchange_sig',
      ],
      [
        'another time than it signed',
        confirmation({ change: { exchangeTimestamp: NOW + HOUR_US } }),
        '$.exchange_sig',
      ],
      ['nothing', {}, '$.exchange_timestamp'],
      [
        'a total in another currency',
        { ...confirmation(), accumulated_total_without_fee: 'EUR:10' },
        '$.accumulated_total_without_fee',
      ],
      ['a truncated signature', { ...confirmation(), exchange_sig: 'ABC' }, '$.exchange_sig'],
    ];

    it.each(lies)('answers 502 code 2013 when the exchange confirms %s', async (_what, body, detail) => {
      answering(200, body);
      const outcome = await deposit();
      expect(outcome).toMatchObject({ kind: 'failed', error: { code: 2013, status: 502, detail } });
      if (outcome.kind === 'failed') expect(outcome.error.extra).toEqual(members(200, 0, body));
    });

    it('finds any flipped bit of the signature', async () => {
      const good = confirmation({ signer: minted.signer });
      for (const bit of [0, 255, 256, 300, 511]) {
        const spoilt = confirmDeposit.sign(minted.signer, {
          hContract: request.hContract,
          hWire: hashWire(PAYTO, SALT),
          exchangeTimestamp: NOW,
          wireDeadline: request.wireDeadline,
          refundDeadline: request.refundDeadline,
          totalWithoutFee: amount('KUDOS:9.96'),
          hCoinSigs: hashCoinSignatures(request.coins.map(({ coinSig }) => coinSig)),
          merchantPub: request.merchantPub,
        });
        const byte = bit >> 3;
        spoilt.writeUInt8(spoilt.readUInt8(byte) ^ (1 << (bit & 7)), byte);
        answering(200, { ...good, exchange_sig: encodeBase32(spoilt) });
        expect(await deposit()).toMatchObject({ kind: 'failed', error: { code: 2013 } });
      }
    });

    it('fetches the keys once more when the signing key is new', async () => {
      listed = [minted.nextSigner, minted.signer];
      answering(200, confirmation({ signer: minted.nextSigner }));
      expect(await deposit()).toMatchObject({ kind: 'confirmed', exchangePub: minted.nextSigner.publicKey });
      expect(server.count('/keys')).toBe(2);
    });

    it('answers 502 code 2029 when fresh keys do not list the signing key either', async () => {
      const body = confirmation({ signer: minted.nextSigner });
      answering(200, body);
      const outcome = await deposit();
      expect(outcome).toMatchObject({ kind: 'failed', error: { code: 2029, status: 502 } });
      if (outcome.kind === 'failed') expect(outcome.error.extra).toEqual(members(200, 0, body));
      await deposit();
      expect(server.count('/keys')).toBe(2);
    });

    it('answers 409 code 2150 with the reply verbatim when a coin is spent already', async () => {
      const reply = {
        code: 1012,
        hint: 'h',
        coin_pub: encodeBase32(coin(1).coinPub),
        h_denom_pub: 'X',
        extra: [null],
      };
      answering(409, reply);
      const outcome = await deposit();
      expect(outcome).toMatchObject({
        kind: 'refused',
        status: 409,
        code: 1012,
        coinPub: coin(1).coinPub,
        error: { code: 2150, status: 409 },
      });
      if (outcome.kind === 'refused') expect(outcome.error.toBody()).toMatchObject(members(409, 1012, reply));
    });

    it.each([
      ['a coin that was not sent', { code: 1012, coin_pub: encodeBase32(coin(9).coinPub) }],
      ['no coin', { code: 1012 }],
    ])('answers 502 code 2013 when insufficient funds are claimed for %s', async (_what, reply) => {
      answering(409, reply);
      expect(await deposit()).toMatchObject({ kind: 'failed', error: { code: 2013, detail: '$.coin_pub' } });
    });

    it('answers 451 code 2186 naming the exchange, whatever the body of a 451 is', async () => {
      const error = { code: 2186, status: 451, extra: { exchange_base_urls: [server.baseUrl] } };
      answering(451, { code: 1028, bad_kyc_auth: true, requirement_row: 4 });
      expect(await deposit()).toMatchObject({
        kind: 'legally-refused',
        error,
        refusal: { badKycAuth: true, requirementRow: 4 },
      });
      for (const body of ['blocked', null, { requirement_row: 'x' }]) {
        answering(451, body);
        expect(await deposit()).toMatchObject({
          kind: 'legally-refused',
          error,
          refusal: { badKycAuth: false },
        });
      }
    });

    it.each([400, 403, 404, 409, 410, 424, 429])(
      'answers 502 code 2014 to other refusals, status %d',
      async (status) => {
        const reply = { code: 1206, h_wire: 'X' };
        answering(status, reply);
        const outcome = await deposit();
        expect(outcome).toMatchObject({
          kind: 'refused',
          status,
          code: 1206,
          error: { code: 2014, status: 502 },
        });
        if (outcome.kind === 'refused') expect(outcome.error.extra).toEqual(members(status, 1206, reply));
      },
    );

    it('answers 502 code 2013 to a refusal without a code', async () => {
      onCall = (_incoming, response) => response.writeHead(404).end('<h1>not here</h1>');
      const outcome = await deposit();
      expect(outcome).toMatchObject({ kind: 'failed', error: { code: 2013, status: 502 } });
      if (outcome.kind === 'failed') expect(outcome.error.extra).toEqual(members(404, 0));
    });

    it.each([
      [500, { code: 53 }, 53],
      [503, null, 0],
    ])('answers 502 code 2170 to status %d', async (status, body, code) => {
      answering(status, body);
      const outcome = await deposit();
      expect(outcome).toMatchObject({ kind: 'failed', error: { code: 2170, status: 502 } });
      if (outcome.kind === 'failed') expect(outcome.error.extra).toMatchObject(members(status, code));
    });

    it.each([202, 204, 302])(
      'answers 502 code 2014 to status %d, which makes no sense here',
      async (status) => {
        onCall = (_incoming, response) =>
          response.writeHead(status, { location: `${server.baseUrl}other` }).end();
        expect(await deposit()).toMatchObject({ kind: 'failed', error: { code: 2014, status: 502 } });
        expect(server.count('/other')).toBe(0);
      },
    );

    it('answers 504 code 2011 when the exchange is silent or the caller gives up', async () => {
      onCall = () => undefined;
      const expected = {
        kind: 'failed',
        error: { code: 2011, status: 504, extra: { exchange_url: server.baseUrl, exchange_http_status: 0 } },
      };
      expect(await deposit({}, 100)).toMatchObject(expected);
      expect(await deposit({}, 60_000, AbortSignal.timeout(50))).toMatchObject(expected);
    });

    it('answers 502 code 2170 when the exchange hangs up', async () => {
      onCall = (_incoming, response) => response.socket?.destroy();
      const outcome = await deposit();
      expect(outcome).toMatchObject({ kind: 'failed', error: { code: 2170, status: 502 } });
      if (outcome.kind === 'failed') expect(outcome.error.extra).toEqual(members(0, 0));
      expect(server.count('/batch-deposit')).toBe(1);
    });

    it('never sends an empty, an oversized or a doubled batch', async () => {
      const many = Array.from({ length: COINS_PER_BATCH_MAX + 1 }, (_, index) => coin(index));
      await expect(deposit({ coins: [] })).rejects.toThrow(RangeError);
      await expect(deposit({ coins: many })).rejects.toThrow(RangeError);
      await expect(deposit({ coins: [coin(0), coin(1), coin(0)] })).rejects.toThrow(RangeError);
      expect(server.count('/batch-deposit')).toBe(0);
      answering(400, { code: 22 });
      expect(await deposit({ coins: many.slice(1) })).toMatchObject({ kind: 'refused' });
    });
  });

  describe('asking for a refund', () => {
    const refundRequest = {
      coinPub: coin(0).coinPub,
      hContract: request.hContract,
      merchantPub: request.merchantPub,
      rtransactionId: 3n,
      refundAmount: amount('KUDOS:1'),
      merchantSig: Buffer.alloc(64, 9),
    };
    const refund = () => stack.client.refundCoin({ exchange: exchange(), keys, request: refundRequest });
    const confirmed = (change: Partial<typeof refundRequest> = {}): JsonObject => ({
      exchange_pub: encodeBase32(minted.signer.publicKey),
      exchange_sig: encodeBase32(confirmRefund.sign(minted.signer, { ...refundRequest, ...change })),
    });

    it('takes the signature of the exchange for exactly this refund', async () => {
      answering(200, confirmed());
      expect(await refund()).toMatchObject({ kind: 'confirmed', exchangePub: minted.signer.publicKey });
    });

    it.each([
      ['another amount', confirmed({ refundAmount: amount('KUDOS:2') })],
      ['another transaction', confirmed({ rtransactionId: 4n })],
      ['another coin', confirmed({ coinPub: coin(1).coinPub })],
      ['nothing', {}],
    ])('fails with 2013 when the exchange confirms %s', async (_what, reply) => {
      answering(200, reply);
      expect(await refund()).toMatchObject({
        kind: 'failed',
        status: 200,
        reply,
        error: { code: 2013, status: 502 },
      });
    });

    it('keeps what the exchange said when it refuses', async () => {
      answering(410, { code: 1503, hint: 'wired' });
      expect(await refund()).toMatchObject({
        kind: 'refused',
        status: 410,
        code: 1503,
        reply: { code: 1503, hint: 'wired' },
        error: { code: 2014, status: 502 },
      });
    });

    it('fails with 2012 when the exchange hangs up and with 2011 when the caller gives up', async () => {
      onCall = (_incoming, response) => response.socket?.destroy();
      expect(await refund()).toMatchObject({ kind: 'failed', status: 0, error: { code: 2012, status: 502 } });
      const call = { exchange: exchange(), keys, request: refundRequest, signal: AbortSignal.abort() };
      const silent = await stack.client.refundCoin(call);
      expect(silent).toMatchObject({ kind: 'failed', status: 0, error: { code: 2011, status: 504 } });
    });
  });

  describe('tracking a deposit', () => {
    const tracked = {
      hWire: hashWire(PAYTO, SALT),
      merchantPub: request.merchantPub,
      hContract: request.hContract,
      coinPub: coin(0).coinPub,
      merchantSig: Buffer.alloc(64, 9),
    };
    const track = () => stack.client.trackDeposit({ exchange: exchange(), keys, request: tracked });
    const wired = (contribution: string): JsonObject => {
      const facts = { wtid: Buffer.alloc(32, 5), executionTime: NOW, coinContribution: amount('KUDOS:4.98') };
      return {
        wtid: encodeBase32(facts.wtid),
        execution_time: { ...timestampToJson(NOW) },
        coin_contribution: contribution,
        exchange_pub: encodeBase32(minted.signer.publicKey),
        exchange_sig: encodeBase32(confirmWire.sign(minted.signer, { ...tracked, ...facts })),
      };
    };

    it('takes the transfer that the exchange signed', async () => {
      answering(200, wired('KUDOS:4.98'));
      expect(await track()).toMatchObject({ kind: 'wired', wtid: Buffer.alloc(32, 5) });
    });

    it('fails with 2013 when the exchange wired another amount than it signed', async () => {
      answering(200, wired('KUDOS:4.97'));
      expect(await track()).toMatchObject({ kind: 'failed', status: 200, error: { code: 2013 } });
    });

    it('fails with 2013 when a pending deposit does not say when', async () => {
      answering(202, { kyc_ok: true });
      const outcome = await track();
      expect(outcome).toMatchObject({
        kind: 'failed',
        status: 202,
        error: { code: 2013, detail: '$.execution_time' },
      });
    });

    it('calls 5xx a failure and 404 a refusal', async () => {
      answering(500, { code: 53 });
      expect(await track()).toMatchObject({ kind: 'failed', status: 500, code: 53 });
      answering(404, { code: 1100 });
      expect(await track()).toMatchObject({ kind: 'refused', status: 404, code: 1100 });
    });
  });
});
