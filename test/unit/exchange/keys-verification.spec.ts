import { ExchangeKeys, isDepositable } from '../../../src/exchange/exchange-keys';
import { TrustedExchange } from '../../../src/exchange/exchange-directory';
import {
  KeysVerdict,
  speaksOurProtocol,
  VERIFICATION_SLICE_MS,
  verifyKeys,
} from '../../../src/exchange/keys-verification';
import { formatAmount } from '../../../src/taler/amount';
import { encodeBase32 } from '../../../src/taler/base32';
import { JsonObject, JsonValue } from '../../../src/taler/json';
import { DAY_US, HOUR_US, timestampFromSeconds } from '../../../src/taler/timestamp';
import {
  bytes,
  KYC_MASTER_PUB,
  MintedExchange,
  object,
  RECORDED_MASTER_PUB,
  RECORDED_NOW_US,
  recordedAtUs,
  recording,
} from './support';

const BASE_URL = 'http://localhost:18081/';
const EXCHANGE: TrustedExchange = { baseUrl: BASE_URL, masterPub: RECORDED_MASTER_PUB, currency: 'KUDOS' };

function verify(
  body: JsonValue | undefined,
  exchange = EXCHANGE,
  nowUs = RECORDED_NOW_US,
): Promise<KeysVerdict> {
  return verifyKeys({ exchange, body, nowUs, fetchedUs: nowUs, expiresUs: nowUs + DAY_US });
}

async function verified(body: JsonValue | undefined, exchange = EXCHANGE): Promise<ExchangeKeys> {
  const verdict = await verify(body, exchange);
  if (verdict.kind === 'refused') throw new Error(verdict.reason);
  return verdict.keys;
}

async function reasonOfRefusal(body: JsonValue | undefined, exchange = EXCHANGE, nowUs = RECORDED_NOW_US) {
  const verdict = await verify(body, exchange, nowUs);
  return verdict.kind === 'refused' ? verdict.reason : undefined;
}

const recorded = (): JsonObject => object(recording('002-keys').response.body);

function list(value: JsonValue | undefined): JsonValue[] {
  if (!Array.isArray(value)) throw new Error('no array');
  return value;
}

function first(value: JsonValue | undefined): JsonObject {
  return object(list(value)[0]);
}

/** Flips one bit of a base32 value in place. */
function flip(holder: JsonObject, member: string, length = 64): void {
  const value = bytes(holder[member], length);
  value.writeUInt8(value.readUInt8(7) ^ 1, 7);
  holder[member] = encodeBase32(value);
}

describe('a recorded /keys', () => {
  it('verifies, and every denomination is found under its recorded hash with its fees', async () => {
    const { inputs } = recording('002-keys');
    const keys = await verified(recorded());
    const hashes = list(inputs?.denomination_hashes).map(object);
    expect(keys.denominations.size).toBe(16);
    expect(hashes).toHaveLength(16);
    for (const { denom_pub_hash: hash, value, cipher, age_mask: ageMask } of hashes) {
      const denomination = keys.denominations.find(bytes(hash, 64));
      expect(denomination && formatAmount(denomination.value)).toBe(value);
      expect(denomination?.key.cipher).toBe(cipher);
      expect(denomination?.key.ageMask).toBe(ageMask);
      expect(denomination?.revoked).toBe(false);
    }
    expect(keys.signingKeys).toHaveLength(2);
    expect(keys.accounts.map(({ wireMethod }) => wireMethod)).toEqual(['x-taler-bank']);
    expect(keys.smallestDenomination && formatAmount(keys.smallestDenomination)).toBe('KUDOS:0.01');
    expect(keys.tinyAmount && formatAmount(keys.tinyAmount)).toBe('KUDOS:0.01');
    expect(keys.stefan.lin).toBe(0);
    expect(formatAmount(keys.stefan.log)).toBe('KUDOS:0.005');
  });

  it('keeps the recorded fees of a denomination', async () => {
    const keys = await verified(recorded());
    const hDenom = bytes(
      first(recording('020-deposit-one-coin').request.body && depositCoins()).denom_pub_hash,
      64,
    );
    const denomination = keys.denominations.find(hDenom);
    expect(denomination && formatAmount(denomination.feeDeposit)).toBe('KUDOS:0.01');
    expect(denomination && formatAmount(denomination.feeRefund)).toBe('KUDOS:0.01');
    expect(denomination && isDepositable(denomination, RECORDED_NOW_US)).toBe(true);
    expect(denomination && isDepositable(denomination, denomination.stampStart - 1n)).toBe(false);
    expect(denomination && isDepositable(denomination, denomination.stampExpireDeposit)).toBe(false);
  });

  it.each([
    ['004-keys-cherry-pick', BASE_URL, RECORDED_MASTER_PUB, 0],
    ['201-kyc-keys', 'http://localhost:28081/', KYC_MASTER_PUB, 2],
  ])('%s verifies as well', async (name, baseUrl, masterPub, hardLimits) => {
    const transcript = recording(name);
    const exchange = { baseUrl, masterPub, currency: 'KUDOS' };
    const verdict = await verify(transcript.response.body, exchange, recordedAtUs(transcript));
    expect(verdict).toMatchObject({ kind: 'verified', droppedAccounts: [] });
    if (verdict.kind === 'verified') expect(verdict.keys.hardLimits).toHaveLength(hardLimits);
  });

  it('has the version of an exchange we can talk to, as has the recorded /config', () => {
    expect(speaksOurProtocol(String(object(recording('001-config').response.body).version))).toBe(true);
    expect(speaksOurProtocol(String(object(recording('200-kyc-config').response.body).version))).toBe(true);
    expect(speaksOurProtocol('22:0:6')).toBe(false);
    expect(speaksOurProtocol('29:0:3')).toBe(true);
    expect(speaksOurProtocol('29:0:2')).toBe(false);
    expect(speaksOurProtocol('23')).toBe(false);
  });
});

function depositCoins(): JsonValue | undefined {
  return object(recording('020-deposit-one-coin').request.body).coins;
}

describe('a /keys that is not as signed', () => {
  const spoilt: [string, RegExp, (keys: JsonObject) => void][] = [
    ['a signing key signature (1024)', /1024/, (keys) => flip(first(keys.signkeys), 'master_sig')],
    [
      'a denomination signature (1025)',
      /1035/,
      (keys) => flip(first(first(keys.denominations).denoms), 'master_sig'),
    ],
    ['a deposit fee (1025)', /1025/, (keys) => (first(keys.denominations).fee_deposit = 'KUDOS:0.03')],
    ['an age mask (1025)', /1025/, (keys) => (first(keys.denominations).age_mask = 3)],
    [
      'an expiration of deposits (1025)',
      /1025/,
      (keys) => (first(first(keys.denominations).denoms).stamp_expire_deposit = { t_s: 1_999_999_999 }),
    ],
    [
      'a wire fee (1028)',
      /1028/,
      (keys) => (first(object(keys.wire_fees)['x-taler-bank']).wire_fee = 'KUDOS:0'),
    ],
    [
      'a wire fee signature (1028)',
      /1028/,
      (keys) => flip(first(object(keys.wire_fees)['x-taler-bank']), 'sig'),
    ],
    ['a global fee (1022)', /1022/, (keys) => (first(keys.global_fees).purse_account_limit = 6)],
    ['the key set signature (1035)', /1035/, (keys) => flip(keys, 'exchange_sig')],
    ['the issue date (1035)', /1035/, (keys) => (keys.list_issue_date = { t_s: 1_795_148_763 })],
    ['the order of denominations (1035)', /1035/, (keys) => list(keys.denominations).reverse()],
    ['a denomination left out (1035)', /1035/, (keys) => list(keys.denominations).pop()],
    ['a master key other than configured', /2002/, (keys) => flip(keys, 'master_public_key', 32)],
    ['another base URL', /base_url/, (keys) => (keys.base_url = 'http://localhost:28081/')],
    ['an unsupported version', /version/, (keys) => (keys.version = '99:0:1')],
  ];

  it.each(spoilt)('is refused for %s', async (_what, reason, spoil) => {
    const keys = recorded();
    spoil(keys);
    expect(await reasonOfRefusal(keys)).toMatch(reason);
  });

  it('is refused when its currency is not the configured one', async () => {
    const exchange = { ...EXCHANGE, currency: 'EUR' };
    expect(await reasonOfRefusal(recorded(), exchange)).toMatch(/currency is KUDOS/);
  });

  it('is refused when the key that signed the key set is not valid now, with an hour of tolerance', async () => {
    const expire = timestampFromSeconds(1_802_406_362);
    expect(await reasonOfRefusal(recorded(), EXCHANGE, expire + HOUR_US - 1n)).toBeUndefined();
    expect(await reasonOfRefusal(recorded(), EXCHANGE, expire + HOUR_US)).toMatch(/1035/);
    const start = timestampFromSeconds(1_795_148_762);
    expect(await reasonOfRefusal(recorded(), EXCHANGE, start - HOUR_US)).toBeUndefined();
    expect(await reasonOfRefusal(recorded(), EXCHANGE, start - HOUR_US - 1n)).toMatch(/1035/);
  });

  const malformed: [string, string, (keys: JsonObject) => void][] = [
    ['no signing keys', '$.signkeys', (keys) => delete keys.signkeys],
    ['a short key', '$.signkeys[0].key', (keys) => (first(keys.signkeys).key = 'ABC')],
    ['an amount in another currency', '$.stefan_abs', (keys) => (keys.stefan_abs = 'EUR:0')],
    [
      'an unknown cipher',
      '$.denominations[0].denoms[0].rsa_pub',
      (keys) => (first(keys.denominations).cipher = 'XX'),
    ],
    ['a curve that eats all', '$.stefan_lin', (keys) => (keys.stefan_lin = 1)],
    [
      'a limit that is no uint32',
      '$.global_fees[0].purse_account_limit',
      (keys) => {
        first(keys.global_fees).purse_account_limit = 2 ** 32;
      },
    ],
  ];

  it.each(malformed)('is refused for %s, naming the place', async (_what, path, spoil) => {
    const keys = recorded();
    spoil(keys);
    expect(await reasonOfRefusal(keys)).toBe(`malformed at ${path}`);
  });

  it.each([[undefined], [null], ['keys'], [[]], [{}]])('is refused when the body is %j', async (body) => {
    expect(await reasonOfRefusal(body)).toMatch(/^malformed at \$/);
  });

  it('loses only the account whose signature is wrong (1030)', async () => {
    const keys = recorded();
    flip(first(keys.accounts), 'master_sig');
    const verdict = await verify(keys);
    expect(verdict).toMatchObject({
      kind: 'verified',
      droppedAccounts: ['payto://x-taler-bank/localhost/Exchange?receiver-name=Exchange+Company'],
    });
    if (verdict.kind === 'verified') expect(verdict.keys.accounts).toEqual([]);
  });

  it('loses an account whose restrictions cannot be hashed', async () => {
    const keys = recorded();
    first(keys.accounts).debit_restrictions = [
      { type: 'regex', payto_regex: '.', human_hint: 'x', odd: 0.5 },
    ];
    const verdict = await verify(keys);
    expect(verdict.kind === 'verified' && verdict.droppedAccounts).toHaveLength(1);
  });
});

describe('verified keys', () => {
  it('mark a denomination in recoup as revoked, and know those that are not listed any more', async () => {
    const keys = recorded();
    const [listed] = list(recording('002-keys').inputs?.denomination_hashes).map(object);
    const gone = Buffer.alloc(64, 9);
    keys.recoup = [{ h_denom_pub: listed?.denom_pub_hash ?? '' }, { h_denom_pub: encodeBase32(gone) }];
    const { denominations, isRevoked } = await withBound(keys);
    const denomination = denominations.find(bytes(listed?.denom_pub_hash, 64));
    expect(denomination?.revoked).toBe(true);
    expect(denomination && isDepositable(denomination, denomination.stampStart)).toBe(false);
    expect(isRevoked(gone)).toBe(true);
    expect(isRevoked(Buffer.alloc(64))).toBe(false);
  });

  it('give the wire fee of the period that contains a time, and none outside', async () => {
    const keys = await verified(recorded());
    const turn = timestampFromSeconds(1_798_761_600);
    expect(keys.wireFee('x-taler-bank', turn - 1n)?.endDate).toBe(turn);
    expect(keys.wireFee('x-taler-bank', turn)?.startDate).toBe(turn);
    expect(keys.wireFee('x-taler-bank', timestampFromSeconds(1_830_297_600))).toBeUndefined();
    expect(keys.wireFee('iban', turn)).toBeUndefined();
  });

  it('support a wire method only where the debit restrictions let the account pass', async () => {
    const minted = new MintedExchange(RECORDED_NOW_US);
    const german = {
      type: 'regex',
      payto_regex: '^payto://iban/DE[[:digit:]]+$',
      human_hint: 'German accounts only',
    };
    const keys = await minted.keys(BASE_URL, {
      accounts: [
        { debit: [german], conversionUrl: 'https://conversion.example/' },
        { payto: 'payto://x-taler-bank/bank.example/ex?receiver-name=E', debit: [{ type: 'deny' }] },
        { payto: 'payto://bitcoin/abc?receiver-name=E', debit: [], credit: [{ type: 'deny' }] },
      ],
    });
    expect(keys.accounts).toHaveLength(3);
    expect(keys.supportsWireMethod('iban', 'payto://iban/DE89370400440532013000')).toBe(true);
    expect(keys.supportsWireMethod('iban', 'payto://iban/CH9300762011623852957')).toBe(false);
    expect(keys.supportsWireMethod('x-taler-bank', 'payto://x-taler-bank/bank.example/shop')).toBe(false);
    expect(keys.supportsWireMethod('bitcoin', 'payto://bitcoin/xyz')).toBe(true);
    expect(keys.supportsWireMethod('cyclos', 'payto://cyclos/host/1')).toBe(false);
  });

  it('give the tightest hard limit on the operations asked for', async () => {
    const day = { d_us: Number(DAY_US) };
    const limit = (operation_type: string, threshold: string) => ({
      operation_type,
      threshold,
      timeframe: day,
    });
    const hardLimits = [
      limit('DEPOSIT', 'KUDOS:7'),
      limit('TRANSACTION', 'KUDOS:5'),
      limit('REFUND', 'KUDOS:1'),
    ];
    const keys = await new MintedExchange(RECORDED_NOW_US).keys(BASE_URL, { hardLimits });
    const lowest = keys.lowestHardLimit(['DEPOSIT', 'TRANSACTION']);
    expect(lowest && formatAmount(lowest)).toBe('KUDOS:5');
    expect(keys.lowestHardLimit(['WITHDRAW'])).toBeUndefined();
  });

  it('are verified in slices: a timer gets its turn while thousands of signatures are checked', async () => {
    const minted = new MintedExchange(RECORDED_NOW_US);
    const body = minted.document(BASE_URL, { denominations: 1500 });
    // A clock on which each look at it takes a millisecond, whatever the machine needs for a signature.
    let nowMs = 0;
    const clock = jest.spyOn(performance, 'now').mockImplementation(() => ++nowMs);
    let turns = 0;
    const tick = () => {
      turns += 1;
      immediate = setImmediate(tick);
    };
    let immediate = setImmediate(tick);
    const verdict = await verify(body, minted.trusted(BASE_URL));
    clearImmediate(immediate);
    clock.mockRestore();
    expect(verdict.kind === 'verified' && verdict.keys.denominations.size).toBe(1500);
    expect(turns).toBeGreaterThanOrEqual(1500 / (VERIFICATION_SLICE_MS + 1));
  });
});

async function withBound(keys: JsonObject) {
  const exchangeKeys = await verified(keys);
  return {
    denominations: exchangeKeys.denominations,
    isRevoked: (hDenom: Buffer) => exchangeKeys.isRevoked(hDenom),
  };
}
