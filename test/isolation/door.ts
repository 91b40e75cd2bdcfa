import { Agent, request } from 'undici';

/** Everything here happens on this machine; connections are kept for all histories. */
const agent = new Agent({ connections: 64 });

/** Ends the connections of all doors. */
export function closeDoors(): Promise<void> {
  return agent.close();
}

export interface Request {
  readonly method: string;
  /** Absolute. */
  readonly url: string;
  readonly token?: string;
  readonly json?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface Reply {
  readonly status: number;
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- bodies of many shapes
  readonly body: any;
  readonly text: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
}

export async function send(
  { method, url, token, json, headers }: Request,
  signal?: AbortSignal,
): Promise<Reply> {
  const answer = await request(url, {
    method: method as 'GET',
    body: json === undefined ? null : JSON.stringify(json),
    dispatcher: agent,
    signal,
    headers: {
      ...(json === undefined ? {} : { 'content-type': 'application/json' }),
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      ...headers,
    },
  });
  const text = await answer.body.text();
  return { status: answer.statusCode, text, body: parse(text), headers: answer.headers };
}

/** `404 2005`: what rules and failures call an answer. */
export function nameOf({ status, body }: Reply): string {
  const code: unknown = (body as { code?: unknown } | undefined)?.code;
  return status >= 400 && typeof code === 'number' ? `${status} ${code}` : String(status);
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
