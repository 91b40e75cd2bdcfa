import { createPublicKey, generateKeyPairSync, type KeyObject, randomBytes, sign, verify } from 'node:crypto';
import express, { type Request, type Response } from 'express';
import { Pool } from 'pg';
import { listRoutes } from './list';
import { BaselineRefunds } from './refunds';
import {
  BASELINE_FIND_PRIVATE,
  BASELINE_FIND_PUBLIC,
  BASELINE_FIND_WITH_CONTRACT,
  BASELINE_INSERT,
} from './statements';

/**
 * What a request costs that does its one essential thing and nothing else: Express 5, JSON bodies parsed, one
 * prepared statement of `pg`, one signature of node:crypto. No validation, no log, no errors.
 *
 * Express is as it comes but for its entity tags and its own header, which the backend has not either: with them the
 * baseline would be slower.
 */
const { DATABASE_URL, PORT, HOST, POOL_SIZE, CONTRACT_BYTES, ERROR_BYTES, PAGE_BYTES, EXCHANGE_URL, SEED } =
  process.env;

/** The signed message of a receipt or an unclaim: header of 8 bytes, a hash of 64 (crypto.md 2). */
const MESSAGE_HEADER = Buffer.from('0000004800000450', 'hex');

const pool = new Pool({ connectionString: DATABASE_URL, max: Number(POOL_SIZE) });
const contract = 'x'.repeat(Number(CONTRACT_BYTES));
const errorText = JSON.stringify({ error: 'x'.repeat(Math.max(0, Number(ERROR_BYTES) - 12)) });
const page = 'x'.repeat(Number(PAGE_BYTES));
const { privateKey, publicKey: ownPublicKey } = generateKeyPairSync('ed25519');

const app = express();
app.disable('etag');
app.disable('x-powered-by');
app.use(express.json());

app.get('/private/:id', async (request: Request<{ id: string }>, response) => {
  const { rows } = await pool.query<{ body: string }>({
    ...BASELINE_FIND_PRIVATE,
    values: [1, request.params.id],
  });
  response.type('json').send(rows[0]?.body);
});
app.get('/public/:id', async (request: Request<{ id: string }>, response) => {
  const { rows } = await pool.query<{ public_body: string }>({
    ...BASELINE_FIND_PUBLIC,
    values: [1, request.params.id],
  });
  response.type('json').send(rows[0]?.public_body);
});
/** A page of as many bytes as ours, for the contract that was read. */
app.get('/page/:id', async (request: Request<{ id: string }>, response) => {
  const { rowCount } = await pool.query({ ...BASELINE_FIND_WITH_CONTRACT, values: [1, request.params.id] });
  response
    .status(rowCount === 1 ? 402 : 404)
    .type('html')
    .send(page);
});
app.use(listRoutes(pool));
if (EXCHANGE_URL && SEED) {
  app.use(new BaselineRefunds(pool, { exchangeUrl: EXCHANGE_URL, seed: SEED }).routes());
}
app.post('/orders', async (request, response) => {
  const orderId = await insert((request.body as { order?: { summary?: string } }).order?.summary ?? '');
  response.json({ order_id: orderId });
});
app.post('/claim', async (request, response) => {
  const { nonce } = request.body as { nonce: string };
  const orderId = await insert(nonce);
  const signature = sign(null, Buffer.concat([MESSAGE_HEADER, randomBytes(64)]), privateKey);
  response.json({ order_id: orderId, sig: signature.toString('hex') });
});
/** The key is the server's own and known. */
app.post('/paid', (request, response) => {
  const { h_contract, sig } = request.body as { h_contract: string; sig: string };
  refuse(response, isGenuine(ownPublicKey, h_contract, sig));
});
/** The key comes with the request; as JWK its import costs a fifteenth of what it costs as DER. */
app.post('/unclaim', (request, response) => {
  const { h_contract, sig, nonce } = request.body as { h_contract: string; sig: string; nonce: string };
  const key = createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x: nonce }, format: 'jwk' });
  refuse(response, isGenuine(key, h_contract, sig));
});
app.listen(Number(PORT), HOST ?? '127.0.0.1');

async function insert(summary: string): Promise<string> {
  const now = Date.now() * 1000;
  const orderId = randomBytes(8).toString('hex');
  const values = [1, orderId, randomBytes(16), contract, summary, 'KUDOS', 500000000, now, now, now, now];
  await pool.query({ ...BASELINE_INSERT, values: [...values, randomBytes(64)] });
  return orderId;
}

function isGenuine(key: KeyObject, hContract: string, signature: string): boolean {
  const message = Buffer.concat([MESSAGE_HEADER, Buffer.from(hContract, 'base64url')]);
  return verify(null, message, key, Buffer.from(signature, 'base64url'));
}

function refuse(response: Response, isTrue: boolean): void {
  response
    .status(isTrue ? 500 : 403)
    .type('json')
    .send(errorText);
}

process.on('SIGTERM', () => process.exit(0));
