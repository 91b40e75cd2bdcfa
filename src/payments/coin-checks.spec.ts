import { randomBytes } from 'node:crypto';
import type { Denomination, ExchangeKeys } from '../exchange/exchange-keys';
import { ageGroup, ageMaskFromGroups, hashAgeCommitment } from '../taler/age-restriction';
import { type Amount, parseAmount } from '../taler/amount';
import { encodeBase32 } from '../taler/base32';
import { createSigner, type EddsaSigner, generateSeed } from '../taler/eddsa';
import { ageAttestation, coinDeposit } from '../taler/signatures-wallet';
import { TalerError } from '../taler/taler-error';
import { checkAge, checkCoinSignature, requireDenomination } from './coin-checks';
import type { CoinPaySigDto } from './dto/pay.dto';

const START_US = 1_000n;
const EXPIRE_US = 2_000n;
const MASK = ageMaskFromGroups('8:10:12:14:16:18:21') ?? 0;

function money(text: string): Amount {
  const amount = parseAmount(text);
  if (!amount) throw new Error(text);
  return amount;
}

function denominationOf(changes: Partial<Denomination> = {}, ageMask = 0): Denomination {
  return {
    hDenom: randomBytes(64),
    key: { cipher: 'CS', csPublicKey: randomBytes(32), ageMask },
    value: money('KUDOS:5'),
    feeDeposit: money('KUDOS:0.02'),
    feeRefund: money('KUDOS:0.02'),
    stampStart: START_US,
    stampExpireDeposit: EXPIRE_US,
    revoked: false,
    ...changes,
  };
}

/** The two questions that the checks have for the keys of an exchange. */
function keysWith(denominations: readonly Denomination[], revoked: readonly Buffer[] = []): ExchangeKeys {
  return {
    denominations: { find: (hDenom: Buffer) => denominations.find((known) => known.hDenom.equals(hDenom)) },
    isRevoked: (hDenom: Buffer) => revoked.some((known) => known.equals(hDenom)),
  } as unknown as ExchangeKeys;
}

function coinOf(denomination: Denomination, changes: Partial<CoinPaySigDto> = {}): CoinPaySigDto {
  return {
    coin_sig: Buffer.alloc(64),
    coin_pub: randomBytes(32),
    ub_sig: {},
    h_denom: denomination.hDenom,
    contribution: money('KUDOS:5'),
    exchange_url: 'http://exchange.example/',
    ...changes,
  };
}

/** The code and the detail of the TalerError that `check` throws; undefined when it throws none. */
function refusalOf(check: () => unknown): { code: number; detail: string | undefined } | undefined {
  try {
    check();
    return undefined;
  } catch (error) {
    if (!(error instanceof TalerError)) throw error;
    return { code: error.code, detail: error.detail };
  }
}

describe('the denomination of a coin', () => {
  const denomination = denominationOf();
  const find = (coin: CoinPaySigDto, nowUs = START_US, keys = keysWith([denomination])) =>
    requireDenomination(keys, coin, 3, nowUs);

  it('is found by its hash', () => {
    expect(find(coinOf(denomination))).toBe(denomination);
  });

  it('is good from its start up to, but not at, the end of its deposit period', () => {
    expect(find(coinOf(denomination), START_US)).toBe(denomination);
    expect(find(coinOf(denomination), EXPIRE_US - 1n)).toBe(denomination);
    for (const nowUs of [START_US - 1n, EXPIRE_US]) {
      expect(refusalOf(() => find(coinOf(denomination), nowUs))).toEqual({ code: 2165, detail: 'coins[3]' });
    }
  });

  it('is refused as unknown (2151), or as expired (2165) when it was revoked', () => {
    const unknown = coinOf(denominationOf());
    expect(refusalOf(() => find(unknown))).toEqual({ code: 2151, detail: 'coins[3]' });
    const keys = keysWith([denomination], [unknown.h_denom]);
    expect(refusalOf(() => find(unknown, START_US, keys))?.code).toBe(2165);
    const revoked = denominationOf({ revoked: true });
    expect(refusalOf(() => find(coinOf(revoked), START_US, keysWith([revoked])))?.code).toBe(2165);
  });

  it.each([
    ['KUDOS:5', undefined],
    ['KUDOS:5.00000001', 2184],
    ['KUDOS:0.02', undefined],
    ['KUDOS:0.01999999', 2154],
    ['KUDOS:0', 2154],
    ['EUR:5', 26],
  ])('bounds the contribution: %s is answered by %p', (contribution, code) => {
    expect(refusalOf(() => find(coinOf(denomination, { contribution: money(contribution) })))?.code).toBe(
      code,
    );
  });
});

describe('the age of a coin', () => {
  const groups = ageGroup(MASK, 99);
  const signers = Array.from({ length: groups }, () => createSigner(generateSeed()));
  const restricted = denominationOf({}, MASK);
  const publicKeys = signers.map(({ publicKey }) => publicKey);
  const committed = {
    age_commitment: publicKeys.map(encodeBase32),
    h_age_commitment: hashAgeCommitment(publicKeys),
  };
  const proofBy = (signer: EddsaSigner | undefined, age: number) =>
    signer && ageAttestation.sign(signer, { ageMask: MASK, age });
  const codeOf = (changes: Partial<CoinPaySigDto>, minimumAge: number) =>
    refusalOf(() => checkAge(restricted, coinOf(restricted, changes), minimumAge, 0))?.code;

  it('does not matter to denominations without restriction', () => {
    const free = denominationOf();
    expect(refusalOf(() => checkAge(free, coinOf(free), 18, 0))).toBeUndefined();
  });

  it.each([8, 9, 10, 13, 14, 17, 18, 21, 99])('of %d is proven with the key of its group', (age) => {
    const signer = signers[ageGroup(MASK, age) - 1];
    expect(codeOf({ ...committed, minimum_age_sig: proofBy(signer, age) }, age)).toBeUndefined();
  });

  it.each([0, 1, 7])('of %d needs the hash alone: the youngest group proves nothing', (age) => {
    expect(codeOf({ h_age_commitment: committed.h_age_commitment }, age)).toBeUndefined();
    expect(codeOf({}, age)).toBe(2174);
  });

  it('is refused by the first member that is missing or wrong', () => {
    const proof = proofBy(signers[3], 14);
    expect(codeOf({ age_commitment: committed.age_commitment, minimum_age_sig: proof }, 14)).toBe(2174);
    expect(codeOf({ h_age_commitment: committed.h_age_commitment, minimum_age_sig: proof }, 14)).toBe(2171);
    for (const age_commitment of [
      [],
      committed.age_commitment.slice(1),
      [...committed.age_commitment, 'A'],
    ]) {
      expect(codeOf({ ...committed, age_commitment, minimum_age_sig: proof }, 14)).toBe(2172);
    }
    expect(codeOf(committed, 14)).toBe(2173);
  });

  it('is refused when proof and commitment do not belong together', () => {
    const proof = proofBy(signers[3], 14);
    const [first = '', second = '', ...others] = committed.age_commitment;
    const forged = [
      { ...committed, minimum_age_sig: proofBy(signers[2], 14) },
      { ...committed, minimum_age_sig: proofBy(signers[3], 15) },
      { ...committed, minimum_age_sig: randomBytes(64) },
      { ...committed, minimum_age_sig: proof, h_age_commitment: randomBytes(32) },
      { ...committed, minimum_age_sig: proof, age_commitment: [second, first, ...others] },
      {
        ...committed,
        minimum_age_sig: proof,
        age_commitment: [first, second, ...others.slice(1), 'not base32'],
      },
    ];
    for (const coin of forged) expect(codeOf(coin, 14)).toBe(2173);
    expect(codeOf({ ...committed, minimum_age_sig: proof }, 14)).toBeUndefined();
  });
});

describe('the signature of a coin', () => {
  const signer = createSigner(generateSeed());
  const denomination = denominationOf();
  const common = {
    hContract: randomBytes(64),
    hWire: randomBytes(64),
    walletTimestamp: 1_000_000n,
    refundDeadline: 0n,
    merchantPub: randomBytes(32),
    walletDataHash: randomBytes(64),
  };
  const hAgeCommitment = randomBytes(32);
  const contribution = money('KUDOS:5');
  const coin = coinOf(denomination, {
    coin_pub: signer.publicKey,
    h_age_commitment: hAgeCommitment,
    coin_sig: coinDeposit.sign(signer, {
      ...common,
      hAgeCommitment,
      hDenom: denomination.hDenom,
      contribution,
      depositFee: denomination.feeDeposit,
    }),
  });
  const check = (changes: Partial<CoinPaySigDto>, terms = {}, of = denomination) =>
    refusalOf(() => checkCoinSignature({ ...coin, ...changes }, of, { ...common, ...terms }, 1));
  const REFUSED = { code: 2157, detail: 'coins[1]' };

  it('covers what the contract, the shop and the coin say', () => {
    expect(check({})).toBeUndefined();
    const terms = [
      { hContract: randomBytes(64) },
      { hWire: randomBytes(64) },
      { walletTimestamp: 2_000_000n },
      { refundDeadline: 1_000_000n },
      { merchantPub: randomBytes(32) },
      { walletDataHash: randomBytes(64) },
      { walletDataHash: undefined },
    ];
    for (const changed of terms) expect(check({}, changed)).toEqual(REFUSED);
    const members = [
      { coin_pub: createSigner(generateSeed()).publicKey },
      { h_denom: randomBytes(64) },
      { contribution: money('KUDOS:4.99999999') },
      { contribution: money('EUR:5') },
      { h_age_commitment: undefined },
      { h_age_commitment: randomBytes(32) },
      { coin_sig: randomBytes(64) },
    ];
    for (const changed of members) expect(check(changed)).toEqual(REFUSED);
    expect(check({}, {}, denominationOf({ ...denomination, feeDeposit: money('KUDOS:0.01') }))).toEqual(
      REFUSED,
    );
  });

  it('is refused, not an exception, for a key that is no point of the curve', () => {
    expect(check({ coin_pub: Buffer.alloc(32) })).toEqual(REFUSED);
    expect(check({ coin_pub: Buffer.alloc(32, 0xff) })).toEqual(REFUSED);
  });
});
