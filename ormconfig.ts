import 'reflect-metadata';
import { DataSource } from 'typeorm';
import { ENTITIES } from './src/entities';
import { dataSourceOptions } from './src/platform/database/data-source-options';

/** For the TypeORM command line; the application uses the same options. */
export default new DataSource(
  dataSourceOptions({ url: process.env['DATABASE_URL'] ?? '', poolSize: 2, entities: ENTITIES }),
);
