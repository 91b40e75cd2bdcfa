/** A tag as a browser would see it. */
export interface Tag {
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
}

/** What a page is made of. */
export interface Markup {
  readonly tags: readonly Tag[];
  /** All text between the tags, character references resolved; that of `style` and `script` left out. */
  readonly text: string;
  /** Contents of `style` and `script`, word for word. */
  readonly raw: readonly string[];
}

const TAG = /<(\/?[a-z][a-z0-9]*|!doctype html)((?:\s+[a-zA-Z-]+(?:="[^"<>]*")?)*)\s*\/?>/y;
const ATTRIBUTE = /([a-zA-Z-]+)(?:="([^"]*)")?/g;
const RAW = new Set(['style', 'script']);
const REFERENCES: Readonly<Record<string, string>> = {
  '&amp;': '&',
  '&lt;': '<',
  '&gt;': '>',
  '&quot;': '"',
  '&#39;': "'",
};

/**
 * Reads a page more strictly than any browser: attributes stand in double quotes, `<` and `>` begin and end tags and
 * stand nowhere else, `&` begins one of five character references.
 * @throws Error for anything else
 */
export function readMarkup(html: string): Markup {
  const tags: Tag[] = [];
  const raw: string[] = [];
  let text = '';
  for (let at = 0; at < html.length;) {
    if (html[at] !== '<') {
      const next = html.indexOf('<', at);
      const end = next === -1 ? html.length : next;
      text += resolve(html.slice(at, end));
      at = end;
      continue;
    }
    TAG.lastIndex = at;
    const match = TAG.exec(html);
    if (!match) throw new Error(`no tag: ${JSON.stringify(html.slice(at, at + 120))}`);
    const [whole, name = '', attributes = ''] = match;
    at += whole.length;
    tags.push({
      name,
      attributes: Object.fromEntries(
        [...attributes.matchAll(ATTRIBUTE)].map(([, key, value]) => [key, resolve(value ?? '')]),
      ),
    });
    if (!RAW.has(name)) continue;
    const end = html.indexOf(`</${name}`, at);
    raw.push(html.slice(at, end));
    at = end;
  }
  return { tags, text, raw };
}

function resolve(text: string): string {
  if (/[<>]/.test(text)) throw new Error(`not escaped: ${JSON.stringify(text.slice(0, 120))}`);
  return text.replace(/&(?:[a-z]+|#\d+);|&/g, (reference) => {
    const character = REFERENCES[reference];
    if (character === undefined)
      throw new Error(`no character reference: ${JSON.stringify(text.slice(0, 120))}`);
    return character;
  });
}
