import { isCompatible, parseVersion, type ProtocolVersion } from '../../../src/taler/version';

function version(text: string): ProtocolVersion {
  const parsed = parseVersion(text);
  if (parsed === undefined) throw new Error(text);
  return parsed;
}

describe('protocol versions', () => {
  it.each([
    ['23:0:6', '17:0:0', true],
    ['23:0:6', '16:0:0', false],
    ['23:0:6', '23:9:0', true],
    ['23:0:6', '24:0:0', false],
    ['23:0:6', '26:0:3', true],
    ['23:0:6', '26:0:2', false],
    ['0:0:0', '0:7:0', true],
  ])('server %s and client %s understand each other: %p', (server, client, compatible) => {
    expect(isCompatible(version(server), version(client))).toBe(compatible);
  });

  it('are read as current, revision and age', () => {
    expect(parseVersion('23:1:6')).toEqual({ current: 23, revision: 1, age: 6 });
  });

  it.each([
    '',
    '1',
    '1:2',
    '1:2:3:4',
    '1:2:',
    'a:0:0',
    '-1:0:0',
    '1:0:2',
    ' 1:0:0',
    '1.0:0:0',
    '99999999999:0:0',
  ])('are not %p', (text) => {
    expect(parseVersion(text)).toBeUndefined();
  });
});
