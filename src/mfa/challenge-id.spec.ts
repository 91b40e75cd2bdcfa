import type { ProtectedCall } from '../platform/http/second-factor';
import {
  hashCode,
  hashRequest,
  hashSecret,
  makeCode,
  makeSecret,
  opens,
  parseChallengeId,
  showChallengeId,
  showCode,
} from './challenge-id';

const call = (more: Partial<ProtectedCall> = {}): ProtectedCall => ({
  method: 'POST',
  url: '/private/auth',
  body: Buffer.from('{"a":1,"b":"x"}'),
  challengeIds: undefined,
  isOperator: false,
  addressOf: () => '',
  ...more,
});

describe('the id of a challenge', () => {
  it('is read back as it was written, in upper and lower case', () => {
    const id = { serial: 42n, secret: makeSecret() };
    const text = showChallengeId(id);
    expect(text).toMatch(/^42-[0-9A-Z]{52}$/);
    expect(parseChallengeId(text)).toEqual(id);
    expect(parseChallengeId(text.toLowerCase())).toEqual(id);
  });

  it('opens the challenge it was made for and no other', () => {
    const [mine, other] = [makeSecret(), makeSecret()];
    expect(opens({ serial: 1n, secret: mine }, hashSecret(mine))).toBe(true);
    expect(opens({ serial: 1n, secret: other }, hashSecret(mine))).toBe(false);
  });
});

describe('the hash of a request', () => {
  const secret = makeSecret();
  const hash = (more: Partial<ProtectedCall> = {}) =>
    hashRequest(secret, 'change-auth', call(more)).toString('hex');

  it('is the same for the same request, whatever the order and white space of its members', () => {
    expect(hash({ body: Buffer.from(' {"b":"x", "a": 1}') })).toBe(hash());
  });

  it.each<[string, Partial<ProtectedCall>]>([
    ['method', { method: 'PUT' }],
    ['path', { url: '/private/other' }],
    ['query', { url: '/private/auth?x' }],
    ['body', { body: Buffer.from('{"a":2,"b":"x"}') }],
    ['absence of a body', { body: undefined }],
    ['fraction', { body: Buffer.from('{"a":1.5,"b":"x"}') }],
  ])('is another one for another %s', (_name, more) => {
    expect(hash(more)).not.toBe(hash());
  });

  it('is another one for another operation, and for another challenge', () => {
    expect(hashRequest(secret, 'add-account', call()).toString('hex')).not.toBe(hash());
    expect(hashRequest(makeSecret(), 'change-auth', call()).toString('hex')).not.toBe(hash());
  });
});

describe('a code', () => {
  it('has eight digits, and differs from one to the next', () => {
    const codes = new Set(Array.from({ length: 100 }, makeCode));
    expect(codes.size).toBeGreaterThan(95);
    for (const code of codes) expect(code).toMatch(/^\d{8}$/);
  });

  it('is the same with its dash and with blanks', () => {
    const secret = makeSecret();
    expect(showCode('12345678')).toBe('1234-5678');
    for (const text of ['1234-5678', ' 1234 5678\n', '12345678']) {
      expect(hashCode(secret, text)).toEqual(hashCode(secret, '12345678'));
    }
    expect(hashCode(secret, '12345679')).not.toEqual(hashCode(secret, '12345678'));
    expect(hashCode(makeSecret(), '12345678')).not.toEqual(hashCode(secret, '12345678'));
  });
});
