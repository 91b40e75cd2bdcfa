import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { encodeBase32 } from '../../../src/taler/base32';
import { hashDenominationSignatures } from '../../../src/taler/signatures-exchange';
import { expectEveryChangeToBreak } from './support/mutate';
import { denominationsOfKeys, signaturesOfKeys } from './support/rebuild';
import { Cursor, readVectors } from './support/vectors';
import { type JsonObject } from '../../../src/taler/json';

describe('a real /keys', () => {
  const vectors = readVectors('exchange-keys.json');
  const keys = vectors.at('keys');
  const denominations = denominationsOfKeys(keys);

  it('has the denomination hashes the file expects, in order', () => {
    expect(denominations.map(({ hDenom }) => encodeBase32(hDenom))).toEqual(
      vectors.at('expected', 'denom_pub_hashes_in_order').json,
    );
  });

  it('has the hash over the master signatures the file expects', () => {
    const hash = hashDenominationSignatures(denominations.map(({ entry }) => entry.at('master_sig').hash));
    expect(encodeBase32(hash)).toBe(vectors.at('expected', 'hc_over_master_sigs').text);
  });

  it.each(signaturesOfKeys(keys).map((signed, index) => [signed.purpose, index, signed] as const))(
    'signature of purpose %d (number %d) verifies and breaks with every change',
    (_purpose, _index, signed) => {
      expect(signed.verifies()).toBe(true);
      expectEveryChangeToBreak(signed);
    },
  );

  it('verifies as well when it is read byte for byte from the wire', () => {
    const body = JSON.parse(
      readFileSync(join('test', 'fixtures', 'exchange', 'keys.json'), 'utf8'),
    ) as JsonObject;
    const signatures = signaturesOfKeys(new Cursor(body, 'keys.json'));
    expect(signatures.map((signed) => signed.verifies())).toEqual(signatures.map(() => true));
    expect(signatures.length).toBeGreaterThan(20);
  });
});
