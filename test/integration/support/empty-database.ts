import { randomBytes } from 'node:crypto';
import { Client } from 'pg';

/** A database without any table. */
export interface EmptyDatabase {
  readonly url: string;
  drop(): Promise<void>;
}

export async function createEmptyDatabase(): Promise<EmptyDatabase> {
  const server = process.env['TEST_DATABASE_URL'] ?? '';
  const name = `merchant_empty_${randomBytes(6).toString('hex')}`;
  await onServer(server, `create database ${name}`);
  const url = new URL(server);
  url.pathname = `/${name}`;
  return { url: url.href, drop: () => onServer(server, `drop database ${name} with (force)`) };
}

/** One question to a database, on a connection of its own. */
export async function ask<Row extends object>(url: string, text: string): Promise<Row[]> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query<Row>(text)).rows;
  } finally {
    await client.end();
  }
}

async function onServer(url: string, text: string): Promise<void> {
  await ask(url, text);
}
