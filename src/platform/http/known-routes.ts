import type { Application } from 'express';

interface KnownRoute {
  readonly pattern: RegExp;
  readonly methods: Set<string>;
}

interface RouterLayer {
  readonly route?: { readonly path: string | string[]; readonly methods: Record<string, boolean> };
}

/** Methods of every path, read off Express's router: Express itself answers a wrong method with 404. */
export class KnownRoutes {
  private readonly routes: KnownRoute[] = [];

  constructor(application: Application) {
    const { stack } = application.router as unknown as { stack: RouterLayer[] };
    const byPath = new Map<string, Set<string>>();
    for (const layer of stack) {
      if (!layer.route) continue;
      for (const path of [layer.route.path].flat()) {
        const methods = byPath.get(path) ?? new Set();
        for (const method of Object.keys(layer.route.methods)) methods.add(method.toUpperCase());
        byPath.set(path, methods);
      }
    }
    for (const [path, methods] of byPath) {
      if (methods.has('GET')) methods.add('HEAD');
      this.routes.push({ pattern: toPattern(path), methods });
    }
  }

  /** Methods that exist for `path`, sorted; empty: the path is unknown. */
  methodsOf(path: string): string[] {
    const methods = new Set<string>();
    for (const route of this.routes) {
      if (route.pattern.test(path)) for (const method of route.methods) methods.add(method);
    }
    return [...methods].sort();
  }
}

function toPattern(path: string): RegExp {
  const segments = path
    .split('/')
    .map((segment) => (segment.startsWith(':') ? '[^/]+' : segment.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')));
  return new RegExp(`^${segments.join('/')}/?$`, 'i');
}
