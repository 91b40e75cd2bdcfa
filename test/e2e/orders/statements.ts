import { Client } from 'pg';

// Taken before anybody spies on it.
const unspied = Client.prototype.query as (...args: unknown[]) => unknown;

/** Does `work` with a list that grows by the text of each statement that any server of this process begins. */
export async function watchStatements(work: (statements: string[]) => Promise<void>): Promise<void> {
  const statements: string[] = [];
  const query = jest.spyOn(Client.prototype, 'query');
  function noted(this: Client, ...args: unknown[]): unknown {
    statements.push(textOf(args[0]));
    return Reflect.apply(unspied, this, args);
  }
  // The overloads of query() cannot be written as one function.
  query.mockImplementation(noted as never);
  try {
    await work(statements);
  } finally {
    query.mockRestore();
  }
}

function textOf(query: unknown): string {
  return typeof query === 'string' ? query : ((query as { text?: string } | undefined)?.text ?? '');
}
