import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const ROOT = join(__dirname, '../../..');

/** A test file that the document names, with pieces of the names of its tests; an empty one stands for the whole file. */
interface Named {
  readonly file: string;
  readonly pieces: readonly string[];
}

/** The last cell of each row that has one with a test in it. */
function namedTests(markdown: string): Named[] {
  const cells = markdown.split('\n').flatMap((line) => /^\| (.+) \| (`.+) \|$/.exec(line)?.[2] ?? []);
  return cells.flatMap((cell) =>
    [...cell.matchAll(/`([^`]+)`((?: ?;? ?"[^"]*")+)/g)].map(([, file = '', quoted = '']) => ({
      file,
      pieces: [...quoted.matchAll(/"([^"]*)"/g)].map(([, piece = '']) => piece),
    })),
  );
}

/** Names of tests as they stand in a source, with their placeholders. */
function titlesOf(source: string): string[] {
  return [...source.matchAll(/\bit(?:\.each[\s\S]*?\))?\(\s*(['"`])((?:\\.|(?!\1)[\s\S])*)\1/g)].map(
    ([, , title = '']) => title,
  );
}

describe('docs/security.md', () => {
  const markdown = readFileSync(join(ROOT, 'docs/security.md'), 'utf8');
  const claims = markdown.split('\n').filter((line) => /^\| [A-Z]/.test(line));
  const tests = namedTests(markdown);

  it('makes claims, and each names a test', () => {
    expect(claims.length).toBeGreaterThan(25);
    expect(claims.filter((line) => namedTests(line).length === 0)).toEqual([]);
  });

  it.each(tests.map(({ file, pieces }) => [file, pieces] as const))(
    'names tests that exist: %s',
    (file, pieces) => {
      const path = join(ROOT, file);
      expect({ file, exists: existsSync(path) }).toEqual({ file, exists: true });
      const titles = titlesOf(readFileSync(path, 'utf8'));
      expect(titles.length).toBeGreaterThan(0);
      for (const piece of pieces) {
        expect({ file, piece, isThere: titles.some((title) => title.includes(piece)) }).toEqual({
          file,
          piece,
          isThere: true,
        });
      }
    },
  );

  it('would notice a test that is gone', () => {
    const [named] = namedTests('| A claim | `test/e2e/x.spec.ts` "a name"; "another" |');
    expect(named).toEqual({ file: 'test/e2e/x.spec.ts', pieces: ['a name', 'another'] });
    expect(titlesOf(`it.each([['a', 1]])('does %s', () => 0); it("is", x); describe('none', y)`)).toEqual([
      'does %s',
      'is',
    ]);
  });
});
