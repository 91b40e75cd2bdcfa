import { request as undiciRequest } from 'undici';
import { recordAnswer } from '../coverage/recording';
import { checkAgainstDocument, documentedPathOf } from './api-document';

export interface ApiRequest {
  readonly token?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent as JSON. */
  readonly json?: unknown;
  /** Sent as it is. */
  readonly raw?: string | Buffer;
  readonly signal?: AbortSignal;
}

export interface ApiAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
  /** The parsed body; undefined without one or when it is no JSON. */
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- tests look into bodies of many shapes
  readonly body: any;
}

/** Speaks HTTP with a server and holds every answer against the API document. */
export class Api {
  constructor(readonly baseUrl: string) {}

  get(path: string, options: ApiRequest = {}): Promise<ApiAnswer> {
    return this.call('GET', path, options);
  }
  post(path: string, json: unknown, options: ApiRequest = {}): Promise<ApiAnswer> {
    return this.call('POST', path, { json, ...options });
  }
  delete(path: string, options: ApiRequest = {}): Promise<ApiAnswer> {
    return this.call('DELETE', path, options);
  }

  /** @param path below the base URL, without a leading slash */
  async call(method: string, path: string, options: ApiRequest = {}): Promise<ApiAnswer> {
    const body = options.raw ?? (options.json === undefined ? undefined : JSON.stringify(options.json));
    const url = `${this.baseUrl}${path}`;
    const headers: Record<string, string> = {
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...(options.token === undefined ? {} : { authorization: `Bearer ${options.token}` }),
      ...options.headers,
    };
    const reply = await undiciRequest(url, {
      method: method as 'GET',
      body,
      signal: options.signal,
      headers,
    });
    const text = await reply.body.text();
    const answer = { status: reply.statusCode, headers: reply.headers, text, body: parse(text) };
    checkAgainstDocument({ method, url, request: options.json, ...answer });
    return watched(answer, () =>
      recordAnswer({
        method,
        path: documentedPathOf(method, url),
        status: answer.status,
        code: codeOf(answer),
        query: [...new Set(new URL(url).searchParams.keys())],
        headers: Object.keys(headers).map((name) => name.toLowerCase()),
        answerHeaders: Object.keys(answer.headers),
      }),
    );
  }
}

/** The answer, and a word to `onLook` once its status or body is looked at: what nobody looks at shows nothing. */
function watched(answer: ApiAnswer, onLook: () => void): ApiAnswer {
  let isLookedAt = false;
  const look = () => {
    if (!isLookedAt) onLook();
    isLookedAt = true;
  };
  return {
    get status() {
      look();
      return answer.status;
    },
    headers: answer.headers,
    get text() {
      look();
      return answer.text;
    },
    // eslint-disable-next-line @typescript-eslint/no-explicit-any -- as in ApiAnswer
    get body(): any {
      look();
      return answer.body;
    },
  };
}

/** The code of an error; bodies that are no errors may have members of this name too. */
function codeOf({ status, body }: ApiAnswer): number | undefined {
  const code: unknown = (body as { code?: unknown } | undefined)?.code;
  return status >= 400 && typeof code === 'number' ? code : undefined;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
