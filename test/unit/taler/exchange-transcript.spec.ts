import { addAmounts, formatAmount } from '../../../src/taler/amount';
import { encodeBase32 } from '../../../src/taler/base32';
import { hashJson } from '../../../src/taler/canonical-json';
import { hashContract } from '../../../src/taler/contract-terms';
import {
  hashCoin,
  hashCoinEnvelope,
  hashDenomination,
  parseDenominationKey,
  verifyCoin,
} from '../../../src/taler/denominations';
import { createSigner, eddsaPublicKey, verifyEddsa } from '../../../src/taler/eddsa';
import { hashFullPayto, hashNormalizedPayto, hashWire } from '../../../src/taler/payto';
import { rsaBlind, rsaUnblind } from '../../../src/taler/rsa';
import { signingKeyValidity } from '../../../src/taler/signatures-master';
import { expectEveryChangeToBreak, type SignedCase } from './support/mutate';
import * as rebuild from './support/rebuild';
import { Cursor, readVectors } from './support/vectors';

const transcript = readVectors('exchange-transcript.json');
const kycTranscript = readVectors('exchange-kyc-transcript.json');
const coins = transcript.at('coins').items;

/** Facts about denominations by hash: from the coins of the transcript, or from /keys where coins are not listed. */
const facts = new Map<string, { depositFee: Cursor; amountWithFee: Cursor }>();
for (const coin of coins) {
  const gross = addAmounts(coin.at('denomination_value').amount, coin.at('fee_withdraw').amount);
  facts.set(coin.at('denom_pub_hash').text, {
    depositFee: coin.at('fee_deposit'),
    amountWithFee: new Cursor(formatAmount(gross), 'value plus fee'),
  });
}
for (const { group, hDenom } of rebuild.denominationsOfKeys(readVectors('exchange-keys.json').at('keys'))) {
  const gross = addAmounts(group.at('value').amount, group.at('fee_withdraw').amount);
  facts.set(encodeBase32(hDenom), {
    depositFee: group.at('fee_deposit'),
    amountWithFee: new Cursor(formatAmount(gross), 'value plus fee'),
  });
}

// The second exchange has keys of its own, which its transcript does not list. By order of withdrawal they are the
// denominations of the first transcript; that its signatures verify proves values and fees.
const kycPlanchets = kycTranscript.at('calls', 1, 'request', 'body', 'planchets').items;
for (const [index, planchet] of kycPlanchets.entries()) {
  const known = facts.get(coins[index]?.at('denom_pub_hash').text ?? '');
  if (known !== undefined) facts.set(planchet.at('denom_pub_hash').text, known);
}

function exchangedOf(call: Cursor): rebuild.Exchanged {
  const factsOf = (hash: string): { depositFee: Cursor; amountWithFee: Cursor } => call.must(facts.get(hash));
  return {
    path: call.at('request', 'path').text,
    headers: call.at('request', 'headers'),
    request: call.at('request', 'body'),
    response: call.at('response', 'body'),
    depositFeeOf: (hash) => factsOf(hash).depositFee,
    amountWithFeeOf: (hash) => factsOf(hash).amountWithFee,
  };
}

interface Expected {
  readonly what: string;
  readonly valid: boolean;
  readonly signed: SignedCase;
}

/**
 * Requests that were spoiled on purpose: signatures replaced, or members changed after signing (those the exchange
 * refuses for another reason before it looks at the signature).
 */
const SPOILED = new Set([
  'batch-deposit: bad coin signature / coin 0',
  'batch-deposit: contribution above denomination value / coin 0',
  'batch-deposit: denomination not yet valid / coin 0',
  'batch-deposit: bad merchant_sig / merchant',
  'refund: bad signature / merchant',
  'deposits: wrong signature / merchant',
]);

function signaturesOf(call: Cursor): Expected[] {
  const exchanged = exchangedOf(call);
  const name = call.at('name').text;
  const expected = (what: string, signed: SignedCase): Expected => ({
    what,
    valid: !SPOILED.has(`${name} / ${what}`),
    signed,
  });
  const { path, request, response } = exchanged;
  const found: Expected[] = [];
  if (path.endsWith('/batch-withdraw')) {
    found.push(...rebuild.withdrawalsByReserve(exchanged).map((signed) => expected('reserve', signed)));
  }
  if (path === '/batch-deposit') {
    if (name !== 'batch-deposit: unknown denomination') {
      // The made-up denomination has no fee that the coin could have signed.
      found.push(
        ...rebuild.depositByCoins(exchanged).map((signed, index) => expected(`coin ${index}`, signed)),
      );
    }
    if (request.has('merchant_sig')) found.push(expected('merchant', rebuild.depositByMerchant(exchanged)));
    if (response.has('exchange_timestamp'))
      found.push(expected('exchange', rebuild.depositConfirmation(exchanged)));
  }
  if (response.has('h_denom_pub') && response.has('exchange_sig')) {
    found.push(expected('exchange', rebuild.denominationAffirmation(exchanged)));
  }
  if (path.endsWith('/refund')) {
    found.push(expected('merchant', rebuild.refundByMerchant(exchanged)));
    if (response.has('exchange_sig') && !response.has('code')) {
      found.push(expected('exchange', rebuild.refundConfirmation(exchanged)));
    }
  }
  if (path.startsWith('/deposits/') && !name.includes('malformed')) {
    found.push(expected('merchant', rebuild.trackingByMerchant(exchanged)));
    if (response.has('wtid')) found.push(expected('exchange', rebuild.wireConfirmation(exchanged)));
  }
  if (path.startsWith('/transfers/') && response.has('exchange_sig')) {
    const payto = transcript.at('payto_uri').text;
    found.push(expected('exchange', rebuild.transferConfirmation(exchanged, payto)));
  }
  if (path.startsWith('/kyc-check/') && exchanged.headers.has('Account-Owner-Signature')) {
    const key = exchanged.headers.at('Account-Owner-Pub').key;
    found.push(expected('owner', rebuild.kycByOwner(exchanged, key)));
  }
  return found;
}

describe.each([
  ['exchange-transcript.json', transcript, 40],
  ['exchange-kyc-transcript.json', kycTranscript, 12],
] as const)('%s', (_file, file, countMin) => {
  const cases = file
    .at('calls')
    .items.filter((call) => call.has('request'))
    .flatMap((call) => signaturesOf(call).map((expected) => [call.at('name').text, expected] as const));

  it('has the signatures we look for', () => {
    expect(cases.length).toBeGreaterThanOrEqual(countMin);
  });

  it.each(cases.map(([name, expected]) => [name, expected.what, expected.signed.purpose, expected] as const))(
    '%s: signature of %s (%d) is as it should be',
    (_name, _what, _purpose, { valid, signed }) => {
      expect(signed.verifies()).toBe(valid);
      if (valid) expectEveryChangeToBreak(signed);
    },
  );

  it('has the hashes of its contract and account', () => {
    expect(encodeBase32(hashContract(file.at('contract_terms').json))).toBe(file.at('h_contract').text);
    const hWire = hashWire(file.at('payto_uri').text, file.at('wire_salt').bytes(16));
    expect(encodeBase32(hWire)).toBe(file.at('contract_terms', 'h_wire').text);
    expect(encodeBase32(eddsaPublicKey(file.at('merchant_priv').key))).toBe(file.at('merchant_pub').text);
  });

  it('names the account in kyc-check paths and answers by its normalised hash', () => {
    const hash = encodeBase32(hashNormalizedPayto(file.at('payto_uri').text));
    const calls = file.at('calls').items.filter((call) => call.has('request'));
    const paths = calls
      .map((call) => call.at('request', 'path').text)
      .filter((path) => path.startsWith('/kyc-check/'));
    expect(paths.length).toBeGreaterThan(0);
    for (const path of paths) expect(path.split(/[/?]/)[2]).toBe(hash);
    for (const call of calls) {
      const body = call.at('response', 'body');
      if (body.has('h_payto') && call.at('response', 'status').number === 451)
        expect(body.at('h_payto').text).toBe(hash);
    }
  });
});

describe('the second contract of exchange-transcript.json', () => {
  const second = transcript.at('calls').items.filter((call) => call.has('contract_terms'));

  it('hashes as the deposits for it say', () => {
    expect(second).toHaveLength(1);
    const [contract] = second;
    const deposit = transcript
      .at('calls')
      .items.find((call) => call.at('name').text === 'batch-deposit: with wallet_data_hash');
    if (contract === undefined || deposit === undefined) throw new Error('incomplete transcript');
    const body = deposit.at('request', 'body');
    expect(encodeBase32(hashContract(contract.at('contract_terms').json))).toBe(
      body.at('h_contract_terms').text,
    );
    // The name of the contract's row says which wallet data it was.
    expect(encodeBase32(hashJson({ choice_index: 0, tokens_evs: [] }))).toBe(
      body.at('wallet_data_hash').text,
    );
  });

  it('is wired to the full payto', () => {
    const transfer = transcript
      .at('calls')
      .items.find((call) => call.at('name').text === 'transfers: success');
    expect(transfer?.at('response', 'body', 'h_payto').text).toBe(
      encodeBase32(hashFullPayto(transcript.at('payto_uri').text)),
    );
  });
});

describe('the coins of exchange-transcript.json', () => {
  it.each(coins.map((coin) => [coin]))('are blinded, signed and unblinded as recorded (coin %#)', (coin) => {
    const coinPub = coin.at('coin_pub').key;
    expect(eddsaPublicKey(coin.at('coin_priv').key)).toEqual(coinPub);
    const denomination = coin.must(parseDenominationKey({ cipher: 'RSA', rsa_pub: coin.at('rsa_pub').text }));
    if (denomination.cipher !== 'RSA') throw new Error('not RSA');
    const hDenom = hashDenomination(denomination);
    expect(encodeBase32(hDenom)).toBe(coin.at('denom_pub_hash').text);
    const secret = coin.at('blinding_secret').key;
    const planchet = coin.must(rsaBlind(denomination.rsaPublicKey, hashCoin(coinPub), secret));
    expect(planchet).toEqual(coin.at('planchet').variable);
    expect(encodeBase32(hashCoinEnvelope(hDenom, planchet))).toBe(coin.at('coin_ev_hash').text);
    const withdrawal = transcript.at('calls').items.find((call) => call.at('name').text === 'batch-withdraw');
    const index = coins.indexOf(coin);
    const blindSignature = coin
      .must(withdrawal)
      .at('response', 'body', 'ev_sigs', index, 'ev_sig', 'blinded_rsa_signature').variable;
    const signature = rsaUnblind(denomination.rsaPublicKey, blindSignature, secret);
    expect(signature).toEqual(coin.at('rsa_signature').variable);
    expect(verifyCoin({ denomination, coinPub, signature })).toBe(true);
  });

  it('come from the reserve with the key of the file', () => {
    const reserve = createSigner(transcript.at('reserve_priv').key);
    expect(encodeBase32(reserve.publicKey)).toBe(transcript.at('reserve_pub').text);
    expect(verifyEddsa(reserve.publicKey, Buffer.alloc(1), reserve.sign(Buffer.alloc(1)))).toBe(true);
  });

  it('were confirmed by signing keys that the master key signed', () => {
    const keys = transcript.at('exchange_keys_for_reference');
    for (const entry of keys.at('signkeys').items) {
      const input = {
        start: entry.at('stamp_start').time,
        expire: entry.at('stamp_expire').time,
        end: entry.at('stamp_end').time,
        key: entry.at('key').key,
      };
      const signature = entry.at('master_sig').hash;
      expect(signingKeyValidity.verify(keys.at('master_public_key').key, input, signature)).toBe(true);
    }
  });
});
