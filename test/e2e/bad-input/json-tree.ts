/**
 * JSON as it is written, not as it is understood: members may repeat, and a leaf is any text, JSON or not. What
 * JSON.stringify could never write is what a server should be shown.
 */
export type JsonTree =
  | { readonly kind: 'leaf'; readonly text: string }
  | { readonly kind: 'array'; readonly items: readonly JsonTree[] }
  | { readonly kind: 'object'; readonly members: readonly Member[] };

export interface Member {
  readonly name: string;
  readonly value: JsonTree;
}

/** A value of JSON.parse as a tree. */
export function toTree(value: unknown): JsonTree {
  if (Array.isArray(value)) return { kind: 'array', items: value.map(toTree) };
  if (typeof value !== 'object' || value === null) return leaf(JSON.stringify(value));
  const members = Object.entries(value).filter(([, member]) => member !== undefined);
  return { kind: 'object', members: members.map(([name, member]) => ({ name, value: toTree(member) })) };
}

export function leaf(text: string): JsonTree {
  return { kind: 'leaf', text };
}

export function write(tree: JsonTree): string {
  switch (tree.kind) {
    case 'leaf':
      return tree.text;
    case 'array':
      return `[${tree.items.map(write).join()}]`;
    case 'object':
      return `{${tree.members.map(({ name, value }) => `${JSON.stringify(name)}:${write(value)}`).join()}}`;
  }
}

/** How many values the tree has, itself included. */
export function countValues(tree: JsonTree): number {
  return children(tree).reduce((sum, child) => sum + countValues(child), 1);
}

/**
 * Replaces the value at `place` (counted from the root in the order of the text, modulo the number of values).
 * @param change gets the value; what it returns takes its place: nothing, or one or several values, which become
 *   elements of the array or members of the same name. The root is always one value.
 */
export function changeAt(
  tree: JsonTree,
  place: number,
  change: (value: JsonTree) => readonly JsonTree[],
): JsonTree {
  const wanted = place % countValues(tree);
  if (wanted === 0) return change(tree)[0] ?? leaf('');
  let at = 0;
  const visit = (value: JsonTree): readonly JsonTree[] => {
    if (at++ === wanted) return change(value);
    return [mapChildren(value, visit)];
  };
  return visit(tree)[0] ?? leaf('');
}

function mapChildren(tree: JsonTree, map: (value: JsonTree) => readonly JsonTree[]): JsonTree {
  switch (tree.kind) {
    case 'leaf':
      return tree;
    case 'array':
      return { kind: 'array', items: tree.items.flatMap(map) };
    case 'object':
      return {
        kind: 'object',
        members: tree.members.flatMap(({ name, value }) =>
          map(value).map((changed) => ({ name, value: changed })),
        ),
      };
  }
}

function children(tree: JsonTree): readonly JsonTree[] {
  if (tree.kind === 'array') return tree.items;
  return tree.kind === 'object' ? tree.members.map(({ value }) => value) : [];
}
