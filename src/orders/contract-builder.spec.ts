import type { BankAccount, Instance } from '../instances/instance';
import { parseAmount, type Amount } from '../taler/amount';
import { encodeBase32 } from '../taler/base32';
import { canonicalJson } from '../taler/canonical-json';
import { hashContract } from '../taler/contract-terms';
import type { JsonObject } from '../taler/json';
import { TalerError } from '../taler/taler-error';
import { DAY_US, timestampFromSeconds } from '../taler/timestamp';
import { buildProtoContract, type ContractParts, type ContractPrice } from './contract-builder';

const T = 1_780_000_000;
const SALT = encodeBase32(Buffer.alloc(32, 7));
const HASH = encodeBase32(Buffer.alloc(64, 8));
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
  emailValidated: false,
  phoneNumber: '+41310000000',
  phoneValidated: false,
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
    version: 0,
    prices: parts.prices ?? [priceOf(posted)],
    orderId: 'O-1',
    instance: INSTANCE,
    account: ACCOUNT,
    exchanges: [
      { url: 'https://exchange.example/', masterPub: Buffer.alloc(32, 4), maxContribution: undefined },
    ],
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

function priceOf(posted: JsonObject): ContractPrice {
  const { amount: price, tip } = posted;
  return {
    posted,
    amount: amount(String(price)),
    tip: tip === undefined ? undefined : amount(String(tip)),
    maxFee: amount('KUDOS:0.1'),
  };
}

function refusal(posted: JsonObject, parts: Partial<ContractParts> = {}): TalerError {
  try {
    build(posted, parts);
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

  it.each<[string, JsonObject, string]>([
    ['1.5', { n: 1.5 }, 'order.extra.n'],
    ['1e300', { n: 1e300 }, 'order.extra.n'],
    ['2^53', { n: [{ deep: 2 ** 53 }] }, 'order.extra.n[0].deep'],
  ])('refuses the number %s, which cannot be hashed: 26', (_number, extra, field) => {
    expect(refusal({ ...MINIMAL, extra })).toMatchObject({
      code: 26,
      status: 400,
      extra: { field },
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

    it.each<[string, JsonObject, string]>([
      ['a member that is not there', { $forgettable: { nowhere: true } }, 'order.$forgettable.nowhere'],
      ['a mark that is no object', { $forgettable: ['summary'] }, 'order.$forgettable'],
      [
        'a salt that is neither true nor text',
        { $forgettable: { summary: 5 } },
        'order.$forgettable.summary',
      ],
      ['false for a salt', { $forgettable: { summary: false } }, 'order.$forgettable.summary'],
      [
        'a name that cannot be in a path',
        { extra: { 'a b': 1, $forgettable: { 'a b': true } } },
        'order.extra.$forgettable.a b',
      ],
    ])('refuses %s: 26', (_name, posted, field) => {
      const error = refusal({ ...MINIMAL, ...posted });
      expect(error).toMatchObject({ code: 26, status: 400, extra: { field } });
      expect(error.detail).toMatch(`${field}: `);
    });

    it.each<[string, JsonObject, string]>([
      ['the amount', { $forgotten: { amount: HASH } }, 'order.amount'],
      [
        'a text in a product',
        { products: [{ description: 'x', $forgotten: { description: HASH } }] },
        'order.products[0].description',
      ],
    ])('refuses to forget %s beforehand, since no signature would cover it: 2502', (_name, posted, field) => {
      const error = refusal({ ...MINIMAL, ...posted });
      expect(error).toMatchObject({ code: 2502, status: 400, extra: { field } });
    });

    it('keeps the hash of a member that the shop has forgotten itself', () => {
      const extra = { $forgotten: { name: HASH } };
      expect(build({ ...MINIMAL, extra })['extra']).toEqual(extra);
    });
  });

  it('refuses a tip that is more than the amount: 2502', () => {
    expect(refusal({ ...MINIMAL, tip: 'KUDOS:5.00000001' })).toMatchObject({
      code: 2502,
      extra: { field: 'order.tip' },
    });
    expect(build({ ...MINIMAL, tip: 'KUDOS:5' })['tip']).toBe('KUDOS:5');
  });

  it('tells wallets nothing of the pots in which the shop counts', () => {
    const products = [{ description: 'x', product_money_pot: 3, quantity: 2 }];
    expect(build({ ...MINIMAL, products })['products']).toEqual([{ description: 'x', quantity: 2 }]);
  });

  describe('with choices', () => {
    const choices: JsonObject[] = [
      {
        amount: 'KUDOS:5.00',
        tip: 'KUDOS:0.50',
        description: 'Paper',
        description_i18n: { de: 'Papier', fr: null },
      },
      { amount: 'EUR:0', description: null, inputs: [], outputs: null, unknown: 1 },
    ];
    const posted: JsonObject = { version: 1, summary: 'Article 42', choices };
    const parts = { version: 1 as const, prices: choices.map(priceOf) };

    it('has them instead of an amount, each with its own fee', () => {
      const contract = build(posted, parts);
      expect(contract).toMatchObject({
        version: 1,
        choices: [
          {
            amount: 'KUDOS:5',
            tip: 'KUDOS:0.5',
            max_fee: 'KUDOS:0.1',
            description: 'Paper',
            description_i18n: { de: 'Papier' },
            inputs: [],
            outputs: [],
          },
          { amount: 'EUR:0', max_fee: 'KUDOS:0.1', inputs: [], outputs: [] },
        ],
        token_families: {},
      });
      const { choices: listed, token_families: _families, ...rest } = contract;
      const { amount: _amount, max_fee: _fee, ...common } = build(MINIMAL);
      expect(rest).toEqual({ ...common, version: 1 });
      expect((listed as JsonObject[]).map((choice) => Object.keys(choice).length)).toEqual([7, 4]);
    });

    it('can forget the text of one', () => {
      const marked = [{ ...choices[0], $forgettable: { description: true } }] as JsonObject[];
      const contract = build({ ...posted, choices: marked }, { ...parts, prices: marked.map(priceOf) });
      expect(contract['choices']).toEqual([expect.objectContaining({ $forgettable: { description: SALT } })]);
    });

    it('names the choice whose tip is more than its amount', () => {
      const greedy = [choices[1], { amount: 'EUR:1', tip: 'EUR:2' }] as JsonObject[];
      const error = refusal({ ...posted, choices: greedy }, { ...parts, prices: greedy.map(priceOf) });
      expect(error).toMatchObject({ code: 2502, extra: { field: 'order.choices[1].tip' } });
    });
  });
});
