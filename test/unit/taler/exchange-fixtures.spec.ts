import { addAmounts, formatAmount, subtractAmounts, sumAmounts } from '../../../src/taler/amount';
import { encodeBase32 } from '../../../src/taler/base32';
import { hashJson } from '../../../src/taler/canonical-json';
import { hashContract } from '../../../src/taler/contract-terms';
import {
  hashCoin,
  parseDenominationKey,
  type RsaDenominationKey,
  verifyCoin,
} from '../../../src/taler/denominations';
import { eddsaPublicKey } from '../../../src/taler/eddsa';
import { hashNormalizedPayto, hashWire, normalizePayto } from '../../../src/taler/payto';
import { expectEveryChangeToBreak, type SignedCase } from './support/mutate';
import * as rebuild from './support/rebuild';
import { Cursor, fixtureNames, readFixture } from './support/vectors';

// Every signature in the recordings of a real exchange, rebuilt from the members of requests and answers.

function exchangedOf(fixture: Cursor): rebuild.Exchanged {
  const denominations = new Map<string, Cursor>();
  const inputs = fixture.at('inputs');
  for (const list of ['coins', 'planchets'].filter((name) => inputs.has(name))) {
    for (const coin of inputs.at(list).items) {
      denominations.set(coin.at('denomination', 'denom_pub_hash').text, coin.at('denomination'));
    }
  }
  const member = (hash: string, name: string): Cursor => {
    const denomination = denominations.get(hash);
    if (denomination === undefined) throw new Error(`no denomination ${hash}`);
    return denomination.at(name);
  };
  return {
    path: fixture.at('request', 'path').text,
    headers: fixture.at('request', 'headers'),
    request: fixture.at('request', 'body'),
    response: fixture.at('response', 'body'),
    depositFeeOf: (hash) => member(hash, 'fee_deposit'),
    amountWithFeeOf: (hash) => {
      const sum = addAmounts(member(hash, 'value').amount, member(hash, 'fee_withdraw').amount);
      return new Cursor(formatAmount(sum), 'value plus fee');
    },
  };
}

type Rebuilder = (exchanged: rebuild.Exchanged, fixture: Cursor, check: Cursor) => SignedCase[];

const rebuilders: Record<number, Rebuilder> = {
  1033: (exchanged) => [rebuild.depositConfirmation(exchanged)],
  1036: (exchanged) => [rebuild.wireConfirmation(exchanged)],
  1037: (exchanged, fixture) => [
    rebuild.transferConfirmation(exchanged, fixture.at('inputs', 'merchant_payto_uri').text),
  ],
  1038: (exchanged) => [rebuild.refundConfirmation(exchanged)],
  1042: (exchanged) => [rebuild.denominationAffirmation(exchanged)],
  1043: (exchanged) => [rebuild.denominationAffirmation(exchanged)],
  1101: (exchanged) => [rebuild.depositByMerchant(exchanged)],
  1102: (exchanged) => [rebuild.refundByMerchant(exchanged)],
  1103: (exchanged) => [rebuild.trackingByMerchant(exchanged)],
  1200: (exchanged) => rebuild.withdrawalsByReserve(exchanged),
  1201: (exchanged) => rebuild.depositByCoins(exchanged),
  1209: (exchanged) => [rebuild.historyByCoin(exchanged)],
  // A request to kyc-check does not say whose it is: the exchange looks the key up by the account.
  1360: (exchanged, _fixture, check) => [rebuild.kycByOwner(exchanged, check.at('public_key').key)],
};

function signaturesOf(fixture: Cursor, check: Cursor): SignedCase[] {
  const purpose = check.at('purpose').number;
  if (fixture.at('response', 'body').has('master_public_key')) {
    return rebuild
      .signaturesOfKeys(fixture.at('response', 'body'))
      .filter((signed) => signed.purpose === purpose);
  }
  const rebuilder = rebuilders[purpose];
  if (rebuilder === undefined) throw new Error(`no way to rebuild purpose ${purpose}`);
  return rebuilder(exchangedOf(fixture), fixture, check);
}

const checks = fixtureNames().flatMap((name) => {
  const fixture = readFixture(name);
  if (!fixture.has('checks')) return [];
  return fixture.at('checks').items.map((check) => {
    const label = `${name.replace('.json', '')}: ${check.at('what').text} (${check.at('purpose').number})`;
    return [label, fixture, check] as const;
  });
});

describe('signatures recorded at a real exchange', () => {
  it('are all there', () => {
    const purposes = new Set(checks.map(([, , check]) => check.at('purpose').number));
    expect(checks.length).toBeGreaterThan(170);
    expect([...purposes].sort((a, b) => a - b)).toEqual([
      1022, 1024, 1025, 1028, 1030, 1031, 1033, 1035, 1036, 1037, 1038, 1042, 1043, 1101, 1102, 1103, 1200,
      1201, 1209, 1360,
    ]);
  });

  it.each(checks)(
    '%s: same bytes, same key, verified, and broken by every change',
    (_label, fixture, check) => {
      const signature = check.at('signature').hash;
      const candidates = signaturesOf(fixture, check);
      const signed = candidates.find((candidate) => candidate.signature.equals(signature));
      if (signed === undefined) throw new Error('the signature is not among the rebuilt ones');
      expect(signed.packed.toString('hex')).toBe(check.at('signed_message_hex').text);
      expect(encodeBase32(signed.publicKey)).toBe(check.at('public_key').text);
      expect(signed.verifies()).toBe(true);
      expectEveryChangeToBreak(signed);
    },
  );
});

const deposits = fixtureNames()
  .map((name) => [name, readFixture(name)] as const)
  .filter(([, fixture]) => fixture.has('inputs') && fixture.at('inputs').has('contract_terms'));

describe('values recorded at a real exchange', () => {
  it.each(deposits)('%s: contract hash, h_wire, wallet data hash and total', (_name, fixture) => {
    const inputs = fixture.at('inputs');
    expect(encodeBase32(hashContract(inputs.at('contract_terms').json))).toBe(
      inputs.at('h_contract_terms').text,
    );
    const hWire = hashWire(inputs.at('merchant_payto_uri').text, inputs.at('wire_salt').bytes(16));
    expect(encodeBase32(hWire)).toBe(inputs.at('h_wire').text);
    expect(encodeBase32(eddsaPublicKey(inputs.at('merchant_priv').key))).toBe(inputs.at('merchant_pub').text);
    if (inputs.has('wallet_data')) {
      const hash = encodeBase32(hashJson(inputs.at('wallet_data').json));
      expect(hash).toBe(fixture.at('request', 'body', 'wallet_data_hash').text);
    }
    for (const coin of inputs.at('coins').items) {
      expect(encodeBase32(eddsaPublicKey(coin.at('coin_priv').key))).toBe(coin.at('coin_pub').text);
    }
    if (inputs.has('total_without_fee') && !/05[47]/.test(_name)) {
      const coins = inputs.at('coins').items;
      const gross = sumAmounts(
        'KUDOS',
        coins.map((coin) => coin.at('contribution').amount),
      );
      const fees = sumAmounts(
        'KUDOS',
        coins.map((coin) => coin.at('denomination', 'fee_deposit').amount),
      );
      expect(formatAmount(subtractAmounts(gross, fees))).toBe(inputs.at('total_without_fee').text);
    }
  });

  const keys = readFixture('002-keys.json').at('response', 'body');
  const denominationKeys = new Map<string, RsaDenominationKey>();
  for (const { group, entry, hDenom } of rebuild.denominationsOfKeys(keys)) {
    const key = parseDenominationKey({
      ...entry.object,
      cipher: group.at('cipher').text,
      age_mask: group.object.age_mask ?? 0,
    });
    if (key?.cipher === 'RSA') denominationKeys.set(encodeBase32(hDenom), key);
  }

  it('002-keys: the denomination hashes, RSA with and without age restriction and CS', () => {
    const hashes = rebuild.denominationsOfKeys(keys).map(({ hDenom }) => encodeBase32(hDenom));
    expect(hashes).toEqual(
      readFixture('002-keys.json')
        .at('inputs', 'denomination_hashes')
        .items.map((row) => row.at('denom_pub_hash').text),
    );
  });

  it.each(['013-batch-withdraw.json', '014-batch-withdraw-age-restricted.json'])(
    '%s: the unblinded coins verify, also with an age commitment, and no others do',
    (name) => {
      const inputs = readFixture(name).at('inputs');
      const signatures = inputs.at('unblinded_signatures').items.map((cursor) => cursor.variable);
      for (const [index, planchet] of inputs.at('planchets').items.entries()) {
        const denomination = denominationKeys.get(planchet.at('denomination', 'denom_pub_hash').text);
        const signature = signatures[index];
        if (denomination === undefined || signature === undefined) throw new Error('incomplete recording');
        const coinPub = planchet.at('coin_pub').key;
        const hAgeCommitment = planchet.at('h_age_commitment').optional((cursor) => cursor.key);
        expect(encodeBase32(hashCoin(coinPub, hAgeCommitment))).toBe(planchet.at('h_coin_pub').text);
        expect(verifyCoin({ denomination, coinPub, hAgeCommitment, signature })).toBe(true);
        const other = hAgeCommitment === undefined ? Buffer.alloc(32) : undefined;
        expect(verifyCoin({ denomination, coinPub, hAgeCommitment: other, signature })).toBe(false);
      }
    },
  );

  const depositsOfCoins = deposits.filter(([, fixture]) => {
    const [coin] = fixture.at('inputs', 'coins').items;
    return coin !== undefined && denominationKeys.has(coin.at('denomination', 'denom_pub_hash').text);
  });
  it.each(depositsOfCoins)('%s: the coins are signed by their denominations', (_name, fixture) => {
    for (const coin of fixture.at('inputs', 'coins').items) {
      const denomination = denominationKeys.get(coin.at('denomination', 'denom_pub_hash').text);
      if (denomination === undefined) throw new Error('unknown denomination');
      const parts = {
        denomination,
        coinPub: coin.at('coin_pub').key,
        hAgeCommitment: coin.at('h_age_commitment').optional((cursor) => cursor.key),
        signature: coin.at('denom_sig_rsa').variable,
      };
      expect(verifyCoin(parts)).toBe(true);
    }
  });

  const kycChecks = fixtureNames()
    .filter((name) => /kyc-check/.test(name))
    .map((name) => [name, readFixture(name)] as const);
  it.each(kycChecks.filter(([, fixture]) => fixture.has('inputs')))(
    '%s: the normalised payto and its hash',
    (_name, fixture) => {
      const inputs = fixture.at('inputs');
      const payto = inputs.at('merchant_payto_uri').text;
      expect(normalizePayto(payto)).toBe(inputs.at('normalized_payto_uri').text);
      expect(encodeBase32(hashNormalizedPayto(payto))).toBe(inputs.at('h_normalized_payto').text);
    },
  );

  it.each(kycChecks.filter(([, fixture]) => fixture.has('inputs')))(
    '%s: the owner signature is that of the merchant, or refused with 403',
    (_name, fixture) => {
      const merchantPub = eddsaPublicKey(fixture.at('inputs', 'merchant_priv').key);
      const verifies = rebuild.kycByOwner(exchangedOf(fixture), merchantPub).verifies();
      expect(verifies).toBe(fixture.at('response', 'status').number !== 403);
    },
  );

  it('303-withdraw-after-expiry: the statement signs the first eight characters of a long operation name', () => {
    const exchanged = exchangedOf(readFixture('303-withdraw-after-expiry.json'));
    expect(exchanged.response.at('oper').text).toBe('batch-withdraw');
    const signed = rebuild.denominationAffirmation(exchanged);
    expect(signed.verifies()).toBe(true);
    expect(signed.packed.subarray(16, 24).toString('latin1')).toBe('batch-wi');
  });

  it('113-transfer: deposits minus fees minus wire fee is the total', () => {
    const body = readFixture('113-transfer.json').at('response', 'body');
    const rows = body.at('deposits').items;
    const values = sumAmounts(
      'KUDOS',
      rows.map((row) => row.at('deposit_value').amount),
    );
    const fees = sumAmounts(
      'KUDOS',
      rows.map((row) => row.at('deposit_fee').amount),
    );
    const net = subtractAmounts(subtractAmounts(values, fees), body.at('wire_fee').amount);
    expect(formatAmount(net)).toBe(body.at('total').text);
  });

  it.each(['201-kyc-keys.json'])('%s: every signature in it verifies too', (name) => {
    const signatures = rebuild.signaturesOfKeys(readFixture(name).at('response', 'body'));
    expect(signatures.length).toBeGreaterThan(5);
    for (const signed of signatures)
      expect({ purpose: signed.purpose, ok: signed.verifies() }).toEqual({
        purpose: signed.purpose,
        ok: true,
      });
  });
});
