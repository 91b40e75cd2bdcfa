import type { TanChannel } from '../platform/config/config';
import { Contact, demandOf, demandToRecover, isValidated, Rules } from './factors';

const SMS: Contact = { channel: 'sms', address: '+41791234567', isValidated: false };
const EMAIL: Contact = { channel: 'email', address: 'me@shop.example', isValidated: false };
const validated = (contact: Contact): Contact => ({ ...contact, isValidated: true });
const rules = (mandatory: TanChannel[] = [], reachable: TanChannel[] = ['sms', 'email']): Rules => ({
  mandatory,
  canReach: ({ channel }) => reachable.includes(channel),
});
const NOTHING = { kind: 'nothing' };
const IMPOSSIBLE = { kind: 'impossible' };
const channels = (demand: ReturnType<typeof demandOf>) =>
  demand.kind === 'factors'
    ? [demand.all ? 'all' : 'one', ...demand.factors.map(({ channel }) => channel)].join(' ')
    : demand.kind;

describe('what a protected operation needs', () => {
  it('is nothing without a validated address', () => {
    expect(demandOf([], rules())).toEqual(NOTHING);
    expect(demandOf([SMS, EMAIL], rules())).toEqual(NOTHING);
  });

  it('is one of the validated addresses', () => {
    expect(channels(demandOf([SMS, validated(EMAIL)], rules()))).toBe('one email');
    expect(channels(demandOf([validated(SMS), validated(EMAIL)], rules()))).toBe('one sms email');
  });

  it('is one that can be reached, and impossible when none can', () => {
    const both = [validated(SMS), validated(EMAIL)];
    expect(channels(demandOf(both, rules([], ['sms'])))).toBe('one sms');
    expect(demandOf(both, rules([], []))).toEqual(IMPOSSIBLE);
    expect(demandOf([validated(EMAIL), SMS], rules([], ['sms']))).toEqual(IMPOSSIBLE);
  });

  it('is every mandatory channel, validated or not', () => {
    expect(channels(demandOf([SMS, EMAIL], rules(['sms', 'email'])))).toBe('all sms email');
    expect(channels(demandOf([SMS, validated(EMAIL)], rules(['sms'])))).toBe('all sms');
    expect(demandOf([validated(SMS)], rules(['sms', 'email']))).toEqual(IMPOSSIBLE);
    expect(demandOf([SMS, EMAIL], rules(['sms', 'email'], ['sms']))).toEqual(IMPOSSIBLE);
  });
});

describe('what a forgotten password needs', () => {
  it('is one of all addresses while none is validated, and never nothing', () => {
    expect(channels(demandToRecover([SMS, EMAIL], rules()))).toBe('one sms email');
    expect(channels(demandToRecover([SMS, validated(EMAIL)], rules()))).toBe('one email');
    expect(demandToRecover([], rules())).toEqual(IMPOSSIBLE);
    expect(demandToRecover([SMS, EMAIL], rules([], []))).toEqual(IMPOSSIBLE);
  });

  it('is every mandatory channel', () => {
    expect(channels(demandToRecover([SMS, EMAIL], rules(['email'])))).toBe('all email');
  });
});

describe('an instance', () => {
  it('is validated when every mandatory channel is', () => {
    expect(isValidated([SMS, EMAIL], [])).toBe(true);
    expect(isValidated([SMS, validated(EMAIL)], ['email'])).toBe(true);
    expect(isValidated([SMS, validated(EMAIL)], ['sms', 'email'])).toBe(false);
    expect(isValidated([], ['sms'])).toBe(false);
  });
});
