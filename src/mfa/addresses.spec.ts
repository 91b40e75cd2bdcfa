import { deliverable, mask } from './addresses';

describe('an address', () => {
  it.each([
    ['te@example.com', 't***@example.com'],
    ['tester@example.com', 'te***@example.com'],
    ['a@b', 'a***@b'],
    ['häßlich@b', 'hä***@b'],
  ])('of mail is masked: %s', (address, masked) => {
    expect(mask({ channel: 'email', address })).toBe(masked);
  });

  it.each([
    ['+41 79 123 45 67', '***67'],
    ['117', '***17'],
    ['(0)7-1', '***71'],
  ])('of a phone is masked: %s', (address, masked) => {
    expect(mask({ channel: 'sms', address })).toBe(masked);
  });

  it.each([
    ['me@shop.example', 'me@shop.example'],
    ["o'neil+x.y@shop.example", "o'neil+x.y@shop.example"],
    ['me@HÄNDLER.example', 'me@xn--hndler-bua.example'],
    ['me@localhost', 'me@localhost'],
    ['a@b@c.example', undefined],
    ['a..b@c.example', undefined],
    ['.a@c.example', undefined],
    ['a@', undefined],
    ['@c.example', undefined],
    ['none', undefined],
    ['a b@c.example', undefined],
    ['a@c.example\n', undefined],
    ['a@%63.example', undefined],
    ['a@c.example,d', undefined],
  ])('of mail is handed over in a form without a second meaning: %j', (address, expected) => {
    expect(deliverable({ channel: 'email', address })).toBe(expected);
  });

  it.each([
    ['+41 (79) 123-45-67', '+41791234567'],
    ['--117', '117'],
    ['+', undefined],
    ['( ) -', undefined],
    ['12', undefined],
    ['+49x', undefined],
    ['1;2', undefined],
  ])('of a phone is handed over as digits: %j', (address, expected) => {
    expect(deliverable({ channel: 'sms', address })).toBe(expected);
  });
});
