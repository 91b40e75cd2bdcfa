import type { BankAccount, Instance } from '../instances/instance';
import { toDto } from '../platform/http/taler-validation.pipe';
import { parseAmount, type Amount } from '../taler/amount';
import { encodeBase32 } from '../taler/base32';
import { canonicalJson } from '../taler/canonical-json';
import { hashContract } from '../taler/contract-terms';
import type { JsonObject } from '../taler/json';
import { TalerError } from '../taler/taler-error';
import { DAY_US, timestampFromSeconds } from '../taler/timestamp';
import { buildProtoContract, type ContractParts } from './contract-builder';
import { OrderDto } from './dto/create-order.dto';

const T = 1_780_000_000;
const SALT = encodeBase32(Buffer.alloc(32, 7));
const MINIMAL: JsonObject = { amount: 'KUDOS:5', summary: 'Article 42' };

function amount(text: string): Amount {
  const parsed = parseAmount(text);
  if (!parsed) throw new Error(text);
  return parsed;
}

const INSTANCE: Instance = {
  serial: 1n,
  id: 'shop',
  name: 'The Shop',
  email: undefined,
  phoneNumber: '+41310000000',
  website: undefined,
  logo: undefined,
  address: {},
  jurisdiction: {},
  useStefan: false,
  merchantPub: Buffer.alloc(32, 1),
  defaultPayDelay: DAY_US,
  defaultRefundDelay: DAY_US,
  defaultWireTransferDelay: DAY_US,
  defaultWireTransferRoundingInterval: 'NONE',
  deleted: false,
  accounts: [],
};

const ACCOUNT: BankAccount = {
  serial: 1n,
  paytoUri: 'payto://x-taler-bank/localhost/shop?receiver-name=Shop',
  wireMethod: 'x-taler-bank',
  salt: Buffer.alloc(16, 2),
  hWire: Buffer.alloc(64, 3),
  active: true,
  creditFacadeUrl: undefined,
  extraWireSubjectMetadata: undefined,
};

function build(posted: JsonObject, parts: Partial<ContractParts> = {}): JsonObject {
  return JSON.parse(buildText(posted, parts)) as JsonObject;
}

function buildText(posted: JsonObject, parts: Partial<ContractParts> = {}): string {
  return buildProtoContract({
    posted,
    order: toDto(OrderDto, posted, 'order'),
    orderId: 'O-1',
    instance: INSTANCE,
    account: ACCOUNT,
    exchanges: [
      { url: 'https://exchange.example/', masterPub: Buffer.alloc(32, 4), maxContribution: undefined },
    ],
    maxFee: amount('KUDOS:0.1'),
    deadlines: {
      payDeadline: timestampFromSeconds(T + 1),
      refundDeadline: timestampFromSeconds(T + 2),
      wireDeadline: timestampFromSeconds(T + 3),
    },
    timestamp: timestampFromSeconds(T),
    merchantBaseUrl: 'https://backend.example/instances/shop/',
    fulfillmentUrl: undefined,
    makeSalt: () => SALT,
    ...parts,
  });
}

function refusal(posted: JsonObject): TalerError {
  try {
    build(posted);
  } catch (error) {
    if (error instanceof TalerError) return error;
    throw error;
  }
  throw new Error('it was built');
}

describe('the proto contract (orders.md 8)', () => {
  it('has the members of 8.1 and 8.2 and no other', () => {
    expect(build(MINIMAL)).toEqual({
      version: 0,
      order_id: 'O-1',
      amount: 'KUDOS:5',
      max_fee: 'KUDOS:0.1',
      summary: 'Article 42',
      products: [],
      timestamp: { t_s: T },
      pay_deadline: { t_s: T + 1 },
      refund_deadline: { t_s: T + 2 },
      wire_transfer_deadline: { t_s: T + 3 },
      merchant_pub: encodeBase32(INSTANCE.merchantPub),
      merchant_base_url: 'https://backend.example/instances/shop/',
      merchant: { name: 'The Shop' },
      h_wire: encodeBase32(ACCOUNT.hWire),
      wire_method: 'x-taler-bank',
      exchanges: [
        { url: 'https://exchange.example/', priority: 1024, master_pub: encodeBase32(Buffer.alloc(32, 4)) },
      ],
    });
  });

  it('can be hashed', () => {
    expect(hashContract({ ...build(MINIMAL), nonce: SALT })).toHaveLength(64);
  });

  it('writes amounts in their canonical form, whatever the shop wrote', () => {
    expect(build({ ...MINIMAL, amount: 'KUDOS:5.500', tip: 'KUDOS:0.10' })).toMatchObject({
      amount: 'KUDOS:5.5',
      tip: 'KUDOS:0.1',
    });
  });

  it('writes no refunds as zero, and never as "never"', () => {
    const deadlines = {
      payDeadline: 9_223_372_036_854_775_807n,
      refundDeadline: 0n,
      wireDeadline: timestampFromSeconds(T),
    };
    expect(build(MINIMAL, { deadlines })).toMatchObject({
      pay_deadline: { t_s: 'never' },
      refund_deadline: { t_s: 0 },
    });
  });

  it('bounds the contribution of exchanges that have a limit', () => {
    const exchanges = [
      { url: 'https://a.example/', masterPub: Buffer.alloc(32, 4), maxContribution: amount('KUDOS:10') },
      { url: 'https://b.example/', masterPub: Buffer.alloc(32, 5), maxContribution: undefined },
    ];
    expect(build(MINIMAL, { exchanges })['exchanges']).toEqual([
      expect.objectContaining({ url: 'https://a.example/', max_contribution: 'KUDOS:10' }),
      { url: 'https://b.example/', priority: 1024, master_pub: encodeBase32(Buffer.alloc(32, 5)) },
    ]);
  });

  it('shows of the merchant what is public, empty parts left out', () => {
    const instance = {
      ...INSTANCE,
      email: 'a@b.example',
      website: 'https://shop.example/',
      logo: 'data:image/png;base64,AAAA',
      address: { country: 'CH' },
      jurisdiction: { town: 'Bern' },
    };
    expect(build(MINIMAL, { instance })['merchant']).toEqual({
      name: 'The Shop',
      email: 'a@b.example',
      website: 'https://shop.example/',
      logo: 'data:image/png;base64,AAAA',
      address: { country: 'CH' },
      jurisdiction: { town: 'Bern' },
    });
  });

  it('takes the decided fulfillment URL, not the posted one', () => {
    const posted = { ...MINIMAL, fulfillment_url: 'https://shop.example/${ORDER_ID}' };
    expect(build(posted, { fulfillmentUrl: 'https://shop.example/O-1' })['fulfillment_url']).toBe(
      'https://shop.example/O-1',
    );
  });

  it('overwrites what the backend decides', () => {
    const posted = {
      ...MINIMAL,
      h_wire: 'x',
      wire_method: 'x',
      merchant_pub: 'x',
      exchanges: [],
      nonce: 'x',
      timestamp: { t_s: 5 },
    };
    const { nonce, h_wire: hWire, timestamp } = build(posted);
    expect({ nonce, hWire, timestamp }).toEqual({
      nonce: undefined,
      hWire: encodeBase32(ACCOUNT.hWire),
      timestamp: { t_s: T },
    });
  });

  it('leaves nulls out, but for those inside extra, which is opaque', () => {
    const extra = { a: null, b: [null, { c: null }] };
    const contract = build({
      ...MINIMAL,
      summary_i18n: null,
      products: [{ description: 'x', unit: null, taxes: [{ name: 'VAT', tax: 'KUDOS:1', note: null }] }],
      delivery_location: { country: 'CH', town: null },
      extra,
    });
    expect(contract).not.toHaveProperty('summary_i18n');
    expect(contract['products']).toEqual([{ description: 'x', taxes: [{ name: 'VAT', tax: 'KUDOS:1' }] }]);
    expect(contract['delivery_location']).toEqual({ country: 'CH' });
    expect(contract['extra']).toEqual(extra);
  });

  it('drops members it does not know', () => {
    expect(build({ ...MINIMAL, mine: 1, order_default_money_pot: 2 })).toEqual(build(MINIMAL));
  });

  it.each([
    ['1.5', { n: 1.5 }],
    ['1e300', { n: 1e300 }],
    ['2^53', { n: [{ deep: 2 ** 53 }] }],
  ])('refuses the number %s, which cannot be hashed: 26', (_number, extra) => {
    expect(refusal({ ...MINIMAL, extra })).toMatchObject({
      code: 26,
      status: 400,
      extra: { field: 'order' },
    });
  });

  describe('with forgettable members', () => {
    it('salts each, keeps a salt that is there, and the hash survives forgetting', () => {
      const contract = build({
        ...MINIMAL,
        extra: { name: 'Alice', $forgettable: { name: true } },
        products: [{ description: 'secret', $forgettable: { description: 'GIVEN' } }],
        $forgettable: { summary: true },
      });
      expect(contract).toMatchObject({
        $forgettable: { summary: SALT },
        extra: { name: 'Alice', $forgettable: { name: SALT } },
        products: [{ description: 'secret', $forgettable: { description: 'GIVEN' } }],
      });
      expect(hashContract(contract)).toEqual(hashContract(JSON.parse(canonicalJson(contract)) as JsonObject));
    });

    it('asks for no salt where there is none to make', () => {
      const makeSalt = jest.fn(() => SALT);
      build(MINIMAL, { makeSalt });
      expect(makeSalt).not.toHaveBeenCalled();
    });

    it.each<[string, JsonObject]>([
      ['a member that is not there', { $forgettable: { nowhere: true } }],
      ['a mark that is no object', { $forgettable: ['summary'] }],
      ['a salt that is neither true nor text', { $forgettable: { summary: 5 } }],
      ['false for a salt', { $forgettable: { summary: false } }],
      ['a name that cannot be in a path', { extra: { 'a b': 1, $forgettable: { 'a b': true } } }],
    ])('refuses %s', (_name, posted) => {
      const error = refusal({ ...MINIMAL, ...posted });
      expect(error.status).toBe(400);
      expect([26, 2502]).toContain(error.code);
    });
  });
});
