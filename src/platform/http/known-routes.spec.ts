import express from 'express';
import { KnownRoutes } from './known-routes';

const handler: express.RequestHandler = (_request, response) => void response.end();

function routes(): KnownRoutes {
  const application = express();
  application.use(handler);
  application.get('/config', handler);
  application.get('/orders/:id', handler);
  application.delete('/orders/:id', handler);
  application.post('/orders/:id/claim', handler);
  application.post('/a.b', handler);
  return new KnownRoutes(application);
}

describe('the methods of a path', () => {
  it.each<[string, string[]]>([
    ['/config', ['GET', 'HEAD']],
    ['/config/', ['GET', 'HEAD']],
    ['/orders/x', ['DELETE', 'GET', 'HEAD']],
    ['/orders/x%2Fy', ['DELETE', 'GET', 'HEAD']],
    ['/orders/x/claim', ['POST']],
    ['/orders//claim', []],
    ['/orders', []],
    ['/orders/x/y', []],
    ['/orders/x/claim/y', []],
    ['/a.b', ['POST']],
    ['/axb', []],
    ['/', []],
    ['', []],
  ])('%j: %j', (path, methods) => {
    expect(routes().methodsOf(path)).toEqual(methods);
  });
});
