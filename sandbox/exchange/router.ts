import { TalerCode } from '../../src/taler/error-codes';
import { Refusal } from './refusal';
import { partsOf, type Route } from './routes';

/** Longest path that the reference implementation reads (conventions.md 5.2). */
const MAX_PATH_CHARACTERS = 512;
/** Endpoints that count their segments themselves (recording 075). */
const COUNTING = new Set(['deposits', 'transfers', 'kyc-check']);

export interface FoundRoute {
  readonly route: Route;
  readonly parameters: readonly string[];
}

/** Finds who answers a call. */
export class Router {
  private readonly byFirstPart = new Map<string, Route[]>();

  constructor(routes: readonly Route[]) {
    for (const route of routes) {
      const first = route.pattern[0] ?? '';
      this.byFirstPart.set(first, [...(this.byFirstPart.get(first) ?? []), route]);
    }
  }

  /**
   * @param method HEAD is looked up as GET
   * @throws Refusal 404/21, 404/1002, 405/20 with Allow, 414/31 (recordings 071, 072, 075)
   */
  find(method: string, path: string): FoundRoute {
    if (path.length > MAX_PATH_CHARACTERS) throw new Refusal(TalerCode.GENERIC_URI_TOO_LONG);
    const parts = partsOf(path);
    const candidates = this.byFirstPart.get(parts[0] ?? '') ?? [];
    const here = candidates.filter(({ pattern }) => matches(pattern, parts));
    const wanted = method === 'HEAD' ? 'GET' : method;
    const route = here.find((candidate) => candidate.method === wanted);
    if (route !== undefined) return { route, parameters: parametersOf(route.pattern, parts) };
    if (here.length > 0) throw new MethodRefusal(method, here);
    const counting = candidates.find(({ pattern }) => COUNTING.has(pattern[0] ?? ''));
    if (counting !== undefined) throw wrongNumberOfSegments(counting.pattern, parts);
    throw new Refusal(TalerCode.GENERIC_ENDPOINT_UNKNOWN, { detail: path });
  }
}

/** 405, with the methods that exist here. */
export class MethodRefusal extends Refusal {
  readonly allow: string;

  constructor(method: string, here: readonly Route[]) {
    super(TalerCode.GENERIC_METHOD_INVALID, { detail: method });
    this.allow = here
      .flatMap((route) => (route.method === 'GET' ? ['GET', 'HEAD'] : [route.method]))
      .join(', ');
  }
}

function matches(pattern: readonly string[], parts: readonly string[]): boolean {
  if (pattern.length !== parts.length) return false;
  return pattern.every((part, index) => part.startsWith(':') || part === parts[index]);
}

function parametersOf(pattern: readonly string[], parts: readonly string[]): string[] {
  return parts.filter((_, index) => pattern[index]?.startsWith(':') === true);
}

function wrongNumberOfSegments(pattern: readonly string[], parts: readonly string[]): Refusal {
  const [name, ...rest] = parts;
  const wanted = pattern.length - 1;
  const detail = `Got ${rest.length}+/${wanted} segments for \`${name}' request (\`/${rest.join('/')}')`;
  return new Refusal(TalerCode.EXCHANGE_GENERIC_WRONG_NUMBER_OF_SEGMENTS, { detail });
}
