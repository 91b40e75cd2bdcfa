import { request as undiciRequest } from 'undici';
import { checkAgainstDocument } from './api-document';

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
    const answer = await undiciRequest(`${this.baseUrl}${path}`, {
      method: method as 'GET',
      body,
      signal: options.signal,
      headers: {
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...(options.token === undefined ? {} : { authorization: `Bearer ${options.token}` }),
        ...options.headers,
      },
    });
    const text = await answer.body.text();
    const result = { status: answer.statusCode, headers: answer.headers, text, body: parse(text) };
    checkAgainstDocument({ method, url: `${this.baseUrl}${path}`, request: options.json, ...result });
    return result;
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
