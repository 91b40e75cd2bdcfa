import { KycAwaited, KycClient } from '../../../src/exchange/kyc.client';
import type { JsonObject } from '../../../src/taler/json';
import { createSigner } from '../../../src/taler/eddsa';
import { kycAuth } from '../../../src/taler/signatures-merchant';
import { answerJson, bytes, KYC_MASTER_PUB, recording, ScriptedServer, Stack, TestClock } from './support';

describe('kyc-check (exchange.md 7)', () => {
  let server: ScriptedServer;
  let stack: Stack;
  let client: KycClient;
  beforeEach(async () => {
    server = await ScriptedServer.start();
    stack = new Stack([exchange()], new TestClock(0n));
    client = new KycClient(stack.http);
  });
  afterEach(async () => {
    await stack.close();
    await server.close();
  });

  const exchange = () => ({ baseUrl: server.baseUrl, masterPub: KYC_MASTER_PUB, currency: 'KUDOS' });
  /** The request of a recording, signed anew. */
  const requestOf = ({ merchant_priv, merchant_pub, h_normalized_payto }: JsonObject) => ({
    hNormalizedPayto: bytes(h_normalized_payto, 32),
    merchantPub: bytes(merchant_pub, 32),
    ownerSig: kycAuth.sign(createSigner(bytes(merchant_priv, 32)), {}),
  });

  const rows = [
    ['202-kyc-check-account-unknown', { kind: 'unauthenticated', status: 404, code: 1939 }],
    ['206-kyc-check-after-auth', { kind: 'known', status: 200, amlReview: false }],
    ['209-kyc-check-required', { kind: 'known', status: 202, amlReview: false }],
    ['210-kyc-check-wrong-key', { kind: 'unauthenticated', status: 403, code: 1930 }],
    ['215-kyc-check-done', { kind: 'known', status: 200, amlReview: false }],
  ] as const;
  it.each(rows)('asks and understands as recorded: %s', async (name, expected) => {
    const { request: recorded, response, inputs } = recording(name);
    server.handler = (_request, reply) => {
      if (response.body === undefined) return void reply.writeHead(response.status).end();
      answerJson(reply, response.status, response.body);
    };
    if (!inputs?.['merchant_priv']) throw new Error('the recording has no inputs');
    const outcome = await client.check({ exchange: exchange(), request: requestOf(inputs) });
    expect(outcome).toMatchObject(expected);
    const [seen] = server.seen;
    const { headers } = recorded as unknown as { headers: Record<string, string> };
    expect(seen?.url).toBe(recorded.path);
    if (name !== '210-kyc-check-wrong-key') {
      expect(seen?.headers['account-owner-signature']).toBe(headers['Account-Owner-Signature']);
    }
    expect(seen?.headers['account-owner-pub']).toBe(inputs['merchant_pub']);
    if (outcome.kind !== 'known') return;
    const body = response.body as { access_token: string; limits: unknown[] };
    expect(outcome.accessToken).toBe(body.access_token);
    expect(outcome.limits).toHaveLength(body.limits.length);
  });

  const request = {
    hNormalizedPayto: Buffer.alloc(32),
    merchantPub: Buffer.alloc(32),
    ownerSig: Buffer.alloc(64),
  };

  it('waits as it is told, and no longer', async () => {
    server.handler = (_request, reply) => void reply.writeHead(204).end();
    const longPoll = { timeoutMs: 30_000, until: KycAwaited.KycOk, minRule: 7 };
    await client.check({ exchange: exchange(), request, longPoll });
    await client.check({ exchange: exchange(), request });
    const queries = server.seen.map(({ url }) => url.split('?')[1]);
    expect(queries).toEqual(['timeout_ms=30000&lpt=3&min_rule=7', undefined]);
  });

  it('is given up at once on demand, which counts as no answer', async () => {
    const end = new AbortController();
    server.handler = () => end.abort();
    const longPoll = { timeoutMs: 60_000, until: undefined, minRule: undefined };
    const outcome = await client.check({ exchange: exchange(), request, longPoll, signal: end.signal });
    expect(outcome).toEqual({ kind: 'failed', status: 0, code: undefined });
  });

  it('never takes a connection from payments, however many wait', async () => {
    const calls = 100;
    let arrived = 0;
    server.handler = (incoming, reply) => {
      if (incoming.url?.startsWith('/kyc-check/')) return void arrived++;
      answerJson(reply, 200, {});
    };
    const end = new AbortController();
    const signals = Array.from({ length: calls }, () => AbortSignal.any([end.signal]));
    const checks = signals.map((signal) => client.check({ exchange: exchange(), request, signal }));
    const path = 'batch-deposit';
    const other = await stack.http.request({ exchange: exchange(), method: 'POST', path, timeoutMs: 60_000 });
    expect(other).toMatchObject({ kind: 'answer', status: 200 });
    expect(arrived).toBeLessThanOrEqual(64);
    end.abort();
    await Promise.all(checks);
  });
});
