import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const SOURCE = join(__dirname, '../../../src');
const CALL = /waypoints\s*\.pass\(([^)]*)\)/g;
const TEXT = /^'([^']+)'$/;
/** One text for each reason to ask an exchange: the reasons are a union of texts in the same file. */
const OF_EACH_PURPOSE = /^`\$\{[\w.]*purpose\.name\}([^`$]+)`$/;
const PURPOSES = /readonly name: ('[^;]+');/;

/** Every waypoint that the sources pass, sorted. @throws Error where a name cannot be read out of the source */
export function waypointsInSource(): string[] {
  const files = readdirSync(SOURCE, { recursive: true, encoding: 'utf8' }).filter(
    (name) => name.endsWith('.ts') && !name.endsWith('.spec.ts'),
  );
  const places = files.flatMap((name) => placesIn(name, readFileSync(join(SOURCE, name), 'utf8')));
  return [...new Set(places)].sort();
}

function placesIn(name: string, source: string): string[] {
  if (!/import \{[^}]*\bWaypoints\b/.test(source)) return [];
  const calls = [...source.matchAll(CALL)].map(([, argument = '']) => argument.trim());
  // Whatever passes a waypoint in words that are not understood here must not go unnoticed.
  const passes = source.match(/\.pass\(/g)?.length ?? 0;
  if (calls.length !== passes) throw new Error(`${name}: a waypoint is passed in other words`);
  return calls.flatMap((argument) => namesOf(name, source, argument));
}

function namesOf(name: string, source: string, argument: string): string[] {
  const text = TEXT.exec(argument)?.[1];
  if (text !== undefined) return [text];
  const rest = OF_EACH_PURPOSE.exec(argument)?.[1];
  const purposes = PURPOSES.exec(source)?.[1];
  if (rest === undefined || purposes === undefined) {
    throw new Error(`${name}: the waypoint ${argument} has no name that can be read`);
  }
  return purposes.split('|').map((purpose) => `${purpose.trim().slice(1, -1)}${rest}`);
}
