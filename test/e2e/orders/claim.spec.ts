import { encodeBase32, decodeBase32 } from '../../../src/taler/base32';
import { hashContract } from '../../../src/taler/contract-terms';
import { merchantContract } from '../../../src/taler/signatures-merchant';
import { Api, ApiAnswer } from '../../support/api';
import { createOrder, createShop, startTestWorld, TestShop, TestWorld } from '../../support/app';
import {
  claim,
  createClaimed,
  createPaid,
  expectRefusal,
  flipBit,
  makeNonce,
  payNothing,
  privateStatus,
  unclaimBody,
} from './helpers';

const UNKNOWN_ORDER = '2026.001-0000000000000';

describe('claiming an order', () => {
  let world: TestWorld;
  let shop: TestShop;
  beforeAll(async () => {
    world = await startTestWorld();
    shop = world.shop;
  });
  afterAll(() => world?.close());

  const postClaim = (orderId: string, body: unknown, api: Api = shop.api) =>
    api.post(`orders/${orderId}/claim`, body);
  const postUnclaim = (orderId: string, body: unknown) => shop.api.post(`orders/${orderId}/unclaim`, body);

  function hasValidSignature(answer: ApiAnswer, merchantPub: string): boolean {
    const key = decodeBase32(merchantPub, 32);
    const signature = decodeBase32(answer.body.sig, 64);
    if (!key || !signature) return false;
    return merchantContract.verify(key, { hContract: hashContract(answer.body.contract_terms) }, signature);
  }

  describe('POST orders/$ID/claim', () => {
    it.each(['{"amount":1.5}', '{"summary":'])(
      'answers 500 and stays unclaimed when the stored contract is %s, which has no hash',
      async (broken) => {
        const order = await createOrder(shop);
        await world.database.query('update orders set proto_contract = $2 where order_id = $1', [
          order.orderId,
          broken,
        ]);
        const refused = await postClaim(order.orderId, { nonce: makeNonce().nonce, token: order.token });
        expectRefusal(refused, 500, 61, { detail: order.orderId });
        const [row] = await world.database.query<object>('select nonce from orders where order_id = $1', [
          order.orderId,
        ]);
        expect(row).toEqual({ nonce: null });
      },
    );

    it('adds the nonce to the proto contract and signs the hash with the key of the instance', async () => {
      const order = await createOrder(shop, { fulfillment_url: 'https://shop.example/42' });
      const proto = (await privateStatus(shop, order.orderId)).body.proto_contract_terms;
      const { nonce } = makeNonce();
      const answer = await postClaim(order.orderId, { nonce, token: order.token });
      expect(answer).toMatchObject({ status: 200, headers: { 'cache-control': 'no-store' } });
      expect(answer.body).toEqual({
        contract_terms: { ...proto, nonce },
        sig: expect.stringMatching(/^[0-9A-Z]{103}$/),
      });
      expect(hasValidSignature(answer, proto.merchant_pub)).toBe(true);
    });

    it('answers the same nonce with the same bytes again, without the claim token', async () => {
      const order = await createOrder(shop);
      const { nonce } = makeNonce();
      const first = await postClaim(order.orderId, { nonce, token: order.token });
      expect(await postClaim(order.orderId, { nonce })).toMatchObject({ status: 200, text: first.text });
      const foreign = encodeBase32(Buffer.alloc(16, 7));
      expect(await postClaim(order.orderId, { nonce, token: foreign })).toMatchObject({
        status: 200,
        text: first.text,
      });
      // Base32 is read without regard to case: it is the same nonce, and the contract keeps its first spelling.
      expect(await postClaim(order.orderId, { nonce: nonce.toLowerCase() })).toMatchObject({
        text: first.text,
      });
    });

    it('answers the same nonce with the same bytes after the payment too', async () => {
      const order = await createOrder(shop, { amount: 'KUDOS:0' });
      const { nonce } = makeNonce();
      const first = await postClaim(order.orderId, { nonce, token: order.token });
      await payNothing(shop, order.orderId);
      expect(await postClaim(order.orderId, { nonce })).toMatchObject({ status: 200, text: first.text });
    });

    it('refuses another nonce: 409 with 2301, with the claim token and without', async () => {
      const order = await createClaimed(shop);
      const { nonce } = makeNonce();
      for (const token of [order.token, undefined]) {
        expectRefusal(await postClaim(order.orderId, { nonce, token }), 409, 2301, { detail: order.orderId });
      }
    });

    it('refuses another nonce after the payment alike', async () => {
      const order = await createPaid(shop);
      const refused = await postClaim(order.orderId, { nonce: makeNonce().nonce, token: order.token });
      expectRefusal(refused, 409, 2301, { detail: order.orderId });
    });

    it('does not tell an unknown order from a wrong, missing or null claim token: 404 with 2300', async () => {
      const order = await createOrder(shop);
      const { nonce } = makeNonce();
      const wrong = flipBit(order.token as string, 16);
      const strangers = [
        { nonce, token: wrong },
        { nonce },
        { nonce, token: null },
        { nonce, token: '0'.repeat(26) },
      ];
      for (const body of strangers) {
        expectRefusal(await postClaim(order.orderId, body), 404, 2300, { detail: order.orderId });
      }
      const unknown = await postClaim(UNKNOWN_ORDER, { nonce, token: order.token });
      expectRefusal(unknown, 404, 2300, { detail: UNKNOWN_ORDER });
      expect((await privateStatus(shop, order.orderId)).body.order_status).toBe('unpaid');
    });

    it('needs no token for an order without one, and minds none', async () => {
      const plain = await createOrder(shop, {}, { create_token: false });
      expect((await postClaim(plain.orderId, { nonce: makeNonce().nonce })).status).toBe(200);
      const other = await createOrder(shop, {}, { create_token: false });
      const token = encodeBase32(Buffer.alloc(16, 9));
      expect((await postClaim(other.orderId, { nonce: makeNonce().nonce, token })).status).toBe(200);
    });

    it('knows no orders of other instances', async () => {
      const other = await createShop(world.server, 'claim-other');
      const order = await createOrder(shop);
      const body = { nonce: makeNonce().nonce, token: order.token };
      expectRefusal(await postClaim(order.orderId, body, other.api), 404, 2300, { detail: order.orderId });
    });

    it('still claims after the pay deadline', async () => {
      const order = await createOrder(shop, {
        pay_deadline: { t_s: Number(world.clock.nowUs() / 1_000_000n) + 300 },
      });
      world.clock.advanceSeconds(600);
      expect((await postClaim(order.orderId, { nonce: makeNonce().nonce, token: order.token })).status).toBe(
        200,
      );
    });

    it('gives the order to exactly one of 50 wallets that come at once', async () => {
      const order = await createOrder(shop);
      const wallets = Array.from({ length: 50 }, makeNonce);
      const answers = await Promise.all(
        wallets.map(({ nonce }) => postClaim(order.orderId, { nonce, token: order.token })),
      );
      const winners = answers.filter((answer) => answer.status === 200);
      expect(winners).toHaveLength(1);
      for (const answer of answers.filter((loser) => loser.status !== 200)) {
        expectRefusal(answer, 409, 2301, { detail: order.orderId });
      }
      const status = await privateStatus(shop, order.orderId);
      expect(status.body.contract_terms).toEqual(winners[0]?.body.contract_terms);
    });

    it('gives one wallet that comes ten times at once ten equal answers', async () => {
      const order = await createOrder(shop);
      const body = { nonce: makeNonce().nonce, token: order.token };
      const answers = await Promise.all(Array.from({ length: 10 }, () => postClaim(order.orderId, body)));
      expect(new Set(answers.map((answer) => `${answer.status} ${answer.text}`)).size).toBe(1);
      expect(answers[0]?.status).toBe(200);
    });

    it.each<[string, string, object]>([
      ['nonce', 'no nonce', {}],
      ['nonce', 'a nonce that is too short', { nonce: 'ABC' }],
      ['nonce', 'a nonce that is no base32', { nonce: '!'.repeat(52) }],
      ['nonce', 'a nonce that is no point of the curve', { nonce: encodeBase32(Buffer.alloc(32, 2)) }],
      ['nonce', 'a nonce that is no text', { nonce: 5 }],
      ['token', 'a token of 25 characters', { nonce: makeNonce().nonce, token: '0'.repeat(25) }],
      ['token', 'an empty token', { nonce: makeNonce().nonce, token: '' }],
    ])('names %s for %s: 400 with 26', async (field, _name, body) => {
      const order = await createOrder(shop);
      expectRefusal(await postClaim(order.orderId, body), 400, 26, {
        detail: expect.stringContaining(field),
        field,
      });
    });
  });

  describe('POST orders/$ID/unclaim', () => {
    it('releases the order with its id, token and deadlines, for another contract', async () => {
      const order = await createOrder(shop);
      const before = await privateStatus(shop, order.orderId);
      const claimed = await claim(shop.api, order);
      const released = await postUnclaim(order.orderId, unclaimBody(claimed));
      expect(released).toMatchObject({ status: 204, text: '' });
      expect(await privateStatus(shop, order.orderId)).toMatchObject({ status: 200, text: before.text });
      const next = await claim(shop.api, order);
      expect(next.hContractText).not.toBe(claimed.hContractText);
      expect(next.contractTerms).toEqual({ ...claimed.contractTerms, nonce: next.nonce });
    });

    it('asks the next wallet for the claim token again', async () => {
      const claimed = await createClaimed(shop);
      await postUnclaim(claimed.orderId, unclaimBody(claimed));
      const refused = await postClaim(claimed.orderId, { nonce: makeNonce().nonce });
      expectRefusal(refused, 404, 2300, { detail: claimed.orderId });
    });

    it('is not idempotent: a repeat finds nothing to release, 404 with 2300', async () => {
      const claimed = await createClaimed(shop);
      expect((await postUnclaim(claimed.orderId, unclaimBody(claimed))).status).toBe(204);
      expectRefusal(await postUnclaim(claimed.orderId, unclaimBody(claimed)), 404, 2300, {
        detail: claimed.orderId,
      });
    });

    it('judges the signature before it looks for the order: 403 with 2303 wins over 404', async () => {
      const claimed = await createClaimed(shop);
      const body = unclaimBody(claimed);
      const forged = { ...body, unclaim_sig: flipBit(body.unclaim_sig, 64) };
      expectRefusal(await postUnclaim(claimed.orderId, forged), 403, 2303);
      expectRefusal(await postUnclaim(UNKNOWN_ORDER, forged), 403, 2303);
      expectRefusal(await postUnclaim(UNKNOWN_ORDER, body), 404, 2300, { detail: UNKNOWN_ORDER });
    });

    it('refuses a stranger who signs with a nonce of his own: 404 with 2300', async () => {
      const claimed = await createClaimed(shop);
      const body = unclaimBody({ ...makeNonce(), hContract: claimed.hContract });
      expectRefusal(await postUnclaim(claimed.orderId, body), 404, 2300, { detail: claimed.orderId });
      expect((await privateStatus(shop, claimed.orderId)).body.order_status).toBe('claimed');
    });

    it('refuses the holder who signs another contract: 404 with 2300', async () => {
      const claimed = await createClaimed(shop);
      const body = unclaimBody({ ...claimed, hContract: Buffer.alloc(64, 1) });
      expectRefusal(await postUnclaim(claimed.orderId, body), 404, 2300, { detail: claimed.orderId });
    });

    it('finds nothing in an order that nobody has claimed: 404 with 2300', async () => {
      const order = await createOrder(shop);
      const body = unclaimBody({ ...makeNonce(), hContract: Buffer.alloc(64, 1) });
      expectRefusal(await postUnclaim(order.orderId, body), 404, 2300, { detail: order.orderId });
    });

    it('refuses a paid order: 404 with 2300, and it stays paid', async () => {
      const paid = await createPaid(shop);
      expectRefusal(await postUnclaim(paid.orderId, unclaimBody(paid)), 404, 2300, { detail: paid.orderId });
      expect((await privateStatus(shop, paid.orderId)).body.order_status).toBe('paid');
    });

    it('releases an order past its pay deadline', async () => {
      const claimed = await createClaimed(shop, {
        pay_deadline: { t_s: Number(world.clock.nowUs() / 1_000_000n) + 300 },
      });
      world.clock.advanceSeconds(600);
      expect((await postUnclaim(claimed.orderId, unclaimBody(claimed))).status).toBe(204);
    });

    it('is released once when the request comes ten times at once', async () => {
      const claimed = await createClaimed(shop);
      const answers = await Promise.all(
        Array.from({ length: 10 }, () => postUnclaim(claimed.orderId, unclaimBody(claimed))),
      );
      expect(answers.map((answer) => answer.status).sort()).toEqual([204, ...Array<number>(9).fill(404)]);
    });

    it('leaves no mixture behind when claims race with unclaims', async () => {
      const order = await createOrder(shop);
      let holder = await claim(shop.api, order);
      for (let round = 0; round < 10; round++) {
        const rival = makeNonce();
        const [released, claimed] = await Promise.all([
          postUnclaim(order.orderId, unclaimBody(holder)),
          postClaim(order.orderId, { nonce: rival.nonce, token: order.token }),
        ]);
        expect(released.status).toBe(204);
        expect([200, 409]).toContain(claimed.status);
        const { body } = await privateStatus(shop, order.orderId);
        expect(body.order_status).toBe(claimed.status === 200 ? 'claimed' : 'unpaid');
        if (claimed.status === 200) expect(body.contract_terms).toEqual(claimed.body.contract_terms);
        holder = await claim(shop.api, order, claimed.status === 200 ? rival : makeNonce());
      }
    });

    it.each(['unclaim_sig', 'nonce', 'h_contract'])(
      'names %s when it is missing or too short',
      async (field) => {
        const claimed = await createClaimed(shop);
        for (const value of [undefined, null, 'ABC', 5]) {
          const refused = await postUnclaim(claimed.orderId, { ...unclaimBody(claimed), [field]: value });
          expectRefusal(refused, 400, 26, { detail: expect.stringContaining(field), field });
        }
      },
    );
  });
});
