import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { isJsonObject, type JsonObject, type JsonValue } from '../../../src/taler/json';
import type { Answer } from './http-client';

const FOLDER = join(__dirname, '../../fixtures/exchange');

/** What the recording of a real exchange has as its answer. */
export function recordedAnswer(name: string): { status: number; headers: JsonObject; body: JsonValue } {
  const recording: unknown = JSON.parse(readFileSync(join(FOLDER, `${name}.json`), 'utf8'));
  if (!isJsonObject(recording) || !isJsonObject(recording.response)) throw new Error(`no recording ${name}`);
  const { status, headers, body } = recording.response;
  if (typeof status !== 'number' || !isJsonObject(headers)) throw new Error(`odd recording ${name}`);
  return { status, headers, body: body ?? null };
}

/** Members whose value is the same in every recording of a case; all others hold keys, hashes and times. */
const COMPARED_VALUES = [
  'code',
  'field',
  'line',
  'oper',
  'conflict_detail',
  'bad_kyc_auth',
  'kyc_ok',
  'aml_review',
];

/** Status, codes and names of all members, nested ones included: what integrators build on. */
export function outline(answer: { status: number; body: JsonValue }): unknown {
  const values = isJsonObject(answer.body) ? answer.body : {};
  return {
    status: answer.status,
    members: memberNames(answer.body, ''),
    values: Object.fromEntries(
      COMPARED_VALUES.filter((name) => name in values).map((name) => [name, values[name]]),
    ),
  };
}

function memberNames(value: JsonValue, path: string): string[] {
  if (Array.isArray(value)) return unique(value.flatMap((element) => memberNames(element, `${path}[]`)));
  if (!isJsonObject(value)) return [];
  return unique(
    Object.entries(value).flatMap(([name, member]) => {
      // Wire methods are data, not names.
      const below = `${path}.${path === '.wire_fees' ? '$METHOD' : name}`;
      return [below, ...memberNames(member, below)];
    }),
  );
}

function unique(names: string[]): string[] {
  return [...new Set(names)].sort();
}

/** The answer has the status, the codes and the members of the recording. */
export function expectAsRecorded(answer: Answer, name: string): void {
  const recorded = recordedAnswer(name);
  expect(outline(answer)).toEqual(outline({ status: recorded.status, body: recorded.body }));
  for (const header of ['content-type', 'access-control-allow-origin', 'access-control-expose-headers']) {
    expect([header, answer.headers[header]]).toEqual([header, recorded.headers[header]]);
  }
}
