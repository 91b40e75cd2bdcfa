import { encodeBase32 } from '../../../src/taler/base32';
import { isIban } from '../../../src/taler/iban';
import {
  hashFullPayto,
  hashNormalizedPayto,
  hashWire,
  normalizePayto,
  parsePayto,
} from '../../../src/taler/payto';
import { readFixture, readVectors } from './support/vectors';

const rows = readVectors('payto.json').at('vectors').items;
const reference = readFixture('400-reference-values.json');

describe('payto URIs', () => {
  it.each(rows.map((row) => [row.at('payto_uri').text, row] as const))(
    '%s: as the reference judges and hashes',
    (uri, row) => {
      const payto = parsePayto(uri);
      if (row.at('valid').value !== true) return expect(payto).toBeUndefined();
      expect(payto).toEqual({
        uri,
        // C gives the method back as it was written; we need it for looking up fees and lower-case it.
        method: row.at('method').text.toLowerCase(),
        target: uri.replace(/^payto:\/\/[^/]+\//i, '').replace(/\?.*$/, ''),
        receiverName: row.at('receiver_name_raw').value,
      });
      expect(normalizePayto(uri)).toBe(row.at('normalized').text);
      expect(encodeBase32(hashFullPayto(uri))).toBe(row.at('full_payto_hash').text);
      expect(encodeBase32(hashNormalizedPayto(uri))).toBe(row.at('normalized_payto_hash').text);
      expect(encodeBase32(hashWire(uri, row.at('wire_salt').bytes(16)))).toBe(row.at('h_wire').text);
    },
  );

  it.each(reference.at('payto').items.map((row) => [row.at('payto').text, row.at('answer')] as const))(
    '"%s": as the recorded exchange judges and hashes',
    (uri, answer) => {
      const payto = parsePayto(uri);
      if (answer.has('error') || !answer.has('normalized')) return expect(payto).toBeUndefined();
      expect(payto?.method).toBe(answer.at('method').text.toLowerCase());
      expect(normalizePayto(uri)).toBe(answer.at('normalized').text);
      expect(encodeBase32(hashFullPayto(uri))).toBe(answer.at('h_full_payto').text);
      expect(encodeBase32(hashNormalizedPayto(uri))).toBe(answer.at('h_normalized_payto').text);
    },
  );

  it.each(reference.at('merchant_wire_hash').items.map((row) => [row]))(
    'h_wire is that of the recorded exchange (row %#)',
    (row) => {
      const hash = hashWire(row.at('payto').text, row.at('salt').bytes(16));
      expect(encodeBase32(hash)).toBe(row.at('answer', 'h_wire').text);
    },
  );

  it.each([
    'payto://x-taler-bank//account?receiver-name=x',
    'payto://x-taler-bank/host/?receiver-name=x',
    'payto://x-taler-bank/ho_st/a?receiver-name=x',
    'payto://x-taler-bank/host:port/a?receiver-name=x',
    'payto://x-taler-bank/host:123456/a?receiver-name=x',
    'payto:///x?receiver-name=x',
    'payto://iban/?receiver-name=x',
    'payto://iban/DE75512108001245126199/?receiver-name=x',
    'payto://iban/DE75512108001245126199?receiver-names=x',
    'payto://iban/DE75512108001245126199#?receiver-name=x',
  ])('refuses %s', (uri) => {
    expect(parsePayto(uri)).toBeUndefined();
  });

  it('hashes also what it would not accept, but not what is no payto URI at all', () => {
    expect(normalizePayto('payto://x-taler-bank/Bank.example/m')).toBe('payto://x-taler-bank/bank.example/m');
    expect(() => normalizePayto('https://bank.example/m')).toThrow(RangeError);
  });
});

describe('IBANs', () => {
  // Published examples of the registry of ISO 13616.
  it.each([
    'AD1200012030200359100100',
    'AT611904300234573201',
    'BE68539007547034',
    'CH9300762011623852957',
    'CY17002001280000001200527600',
    'DE89370400440532013000',
    'ES9121000418450200051332',
    'FI2112345600000785',
    'FR1420041010050500013M02606',
    'GB29NWBK60161331926819',
    'HU42117730161111101800000000',
    'IT60X0542811101000000123456',
    'LU280019400644750000',
    'MT84MALT011000012345MTLCAST001S',
    'NL91ABNA0417164300',
    'NO9386011117947',
    'PL61109010140000071219812874',
    'SE4550000000058398257466',
  ])('%s is one, and is none with one digit changed or missing', (iban) => {
    expect(isIban(iban)).toBe(true);
    const last = iban.slice(-1);
    expect(isIban(iban.slice(0, -1) + (last === '0' ? '1' : '0'))).toBe(false);
    expect(isIban(iban.slice(0, -1))).toBe(false);
    expect(isIban(iban.toLowerCase())).toBe(false);
    expect(isIban(`${iban.slice(0, 4)} ${iban.slice(4)}`)).toBe(false);
  });

  it.each(['', 'DE', 'ZZ89370400440532013000', '1289370400440532013000'])('%p is none', (text) => {
    expect(isIban(text)).toBe(false);
  });
});
