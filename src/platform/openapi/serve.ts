import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import type { Application, Request, Response } from 'express';

/** The document is generated, committed and checked in CI; generating it at each start would cost half a second. */
const DOCUMENT_FILE = 'openapi.json';

const PAGE = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Merchant backend API</title>
<link rel="stylesheet" href="docs/swagger-ui.css">
</head>
<body>
<div id="api"></div>
<script src="docs/swagger-ui-bundle.js"></script>
<script src="docs/start.js"></script>
</body>
</html>
`;
const START = `window.ui = SwaggerUIBundle({ url: 'openapi.json', dom_id: '#api', deepLinking: true });\n`;
const ASSETS: Readonly<Record<string, string>> = {
  'swagger-ui.css': 'text/css; charset=utf-8',
  'swagger-ui-bundle.js': 'text/javascript; charset=utf-8',
};
const CONTENT_SECURITY_POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; connect-src 'self'";

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
  server.get('/docs', (_request: Request, response: Response) => {
    response.setHeader('Content-Security-Policy', CONTENT_SECURITY_POLICY);
    response.type('html').send(PAGE);
  });
  server.get('/docs/start.js', (_request: Request, response: Response) => {
    response.type('text/javascript').send(START);
  });
  for (const [name, type] of Object.entries(ASSETS)) {
    server.get(`/docs/${name}`, (_request: Request, response: Response) => {
      const folder = dirname(require.resolve('swagger-ui-dist/package.json'));
      response.type(type).send(read(join(folder, name)));
    });
  }
}

/** The root of the project: sources run from it, the build from two folders below. */
function documentPath(): string {
  const candidates = ['.', ...['../../..', '../../../..'].map((up) => resolve(__dirname, up))];
  const folder = candidates.find((candidate) => existsSync(join(candidate, DOCUMENT_FILE)));
  return join(resolve(folder ?? '.'), DOCUMENT_FILE);
}
