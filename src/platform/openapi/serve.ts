import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import type { Application, Request, Response } from 'express';

/** The document is generated, committed and checked in CI; generating it at each start would cost half a second. */
const DOCUMENT_FILE = 'openapi.json';

/** Relative URLs only: a proxy may serve us below a prefix that we never see. */
const PAGE = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Merchant backend API</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="docs/swagger-ui.css">
</head>
<body>
<div id="api"></div>
<script src="docs/swagger-ui-bundle.js"></script>
<script src="docs/start.js"></script>
</body>
</html>
`;
/** No validator: it would tell a third party where this server stands. */
const START = `window.ui = SwaggerUIBundle({
  url: 'openapi.json',
  dom_id: '#api',
  deepLinking: true,
  validatorUrl: 'none',
});
`;
const JAVASCRIPT = 'text/javascript; charset=utf-8';
const ASSETS: Readonly<Record<string, string>> = {
  'swagger-ui.css': 'text/css; charset=utf-8',
  'swagger-ui-bundle.js': JAVASCRIPT,
};
/** The page's own files and nothing else; the interface sets style attributes. */
const CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

/** Paths of the files that belong to the page; they are no operations of the API. */
export const DOCS_ASSET_PATHS: readonly string[] = ['start.js', ...Object.keys(ASSETS)].map(
  (name) => `/docs/${name}`,
);

/** `/openapi.json` and the page at `/docs`. Plain files: read when asked for the first time. */
export function serveApiDocument(server: Application): void {
  const cache = new Map<string, Buffer>();
  const read = (path: string): Buffer => {
    const known = cache.get(path) ?? readFileSync(path);
    cache.set(path, known);
    return known;
  };
  server.get('/openapi.json', (_request: Request, response: Response) => {
    response.type('application/json').send(read(documentPath()));
  });
  server.get('/docs', (request: Request, response: Response) => {
    response.setHeader('Content-Security-Policy', CONTENT_SECURITY_POLICY);
    // From "docs/" the relative URLs of the page would lead one folder too deep.
    if (request.path.endsWith('/')) response.redirect(308, '../docs');
    else response.type('html').send(PAGE);
  });
  server.get('/docs/start.js', (_request: Request, response: Response) => {
    response.type(JAVASCRIPT).send(START);
  });
  for (const [name, type] of Object.entries(ASSETS)) {
    server.get(`/docs/${name}`, (_request: Request, response: Response) => {
      const folder = dirname(require.resolve('swagger-ui-dist/package.json'));
      response.type(type).send(read(join(folder, name)));
    });
  }
}

/** The root of the project lies three folders up from the sources, four from the build. */
function documentPath(): string {
  const roots = ['../../..', '../../../..'].map((up) => resolve(__dirname, up));
  const folder = roots.find((root) => existsSync(join(root, DOCUMENT_FILE))) ?? process.cwd();
  return join(folder, DOCUMENT_FILE);
}
