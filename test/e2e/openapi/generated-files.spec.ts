import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { DataSource } from 'typeorm';
import { PROTOCOL_VERSION } from '../../../src/instances/config.controller';
import { dataSourceOptions } from '../../../src/platform/database/data-source-options';
import { buildApiDocument } from '../../../src/platform/openapi/document';
import { dumpSchema } from '../../../src/platform/database/schema-dump';
import { ask, createEmptyDatabase } from '../../integration/support/empty-database';
import { startTestServer } from '../../support/app';
import { createTestDatabase, TestDatabase } from '../../support/database';

const ADVICE = 'run "npm run generate" and commit what it writes';

function committed(name: string): string {
  return readFileSync(join(__dirname, '../../..', name), 'utf8');
}

async function dumpOf(url: string): Promise<string> {
  const dataSource = await new DataSource(dataSourceOptions({ url, poolSize: 1 })).initialize();
  try {
    return await dumpSchema(dataSource);
  } finally {
    await dataSource.destroy();
  }
}

/** SQL without its comment lines. */
function statementsOf(sql: string): string {
  return sql.replace(/^--.*\n/gm, '');
}

describe('the generated files that are committed', () => {
  let database: TestDatabase;

  beforeAll(async () => {
    database = await createTestDatabase();
  });
  afterAll(async () => {
    await database?.drop();
  });

  it('openapi.json is what the running application would generate', async () => {
    const server = await startTestServer({ database });
    try {
      const generated = `${JSON.stringify(buildApiDocument(server.app, PROTOCOL_VERSION), undefined, 2)}\n`;
      const isCurrent = generated === committed('openapi.json');
      expect(isCurrent ? 'current' : ADVICE).toBe('current');
      const again = `${JSON.stringify(buildApiDocument(server.app, PROTOCOL_VERSION), undefined, 2)}\n`;
      expect(again === generated).toBe(true);
    } finally {
      await server.close();
    }
  });

  it('schema.sql is what the migrations make', async () => {
    const schema = await dumpOf(database.url);
    expect(schema).toContain('create table orders (');
    expect(schema).not.toContain('graphile');
    expect(statementsOf(committed('schema.sql')) === schema ? 'current' : ADVICE).toBe('current');
  });

  it('schema.sql makes the same schema anew', async () => {
    const empty = await createEmptyDatabase();
    try {
      await ask(empty.url, committed('schema.sql'));
      expect(await dumpOf(empty.url)).toBe(statementsOf(committed('schema.sql')));
    } finally {
      await empty.drop();
    }
  });
});
