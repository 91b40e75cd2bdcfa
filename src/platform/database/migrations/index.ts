import { Initial1795132800000 } from './0001-initial';

/** All migrations, oldest first. Listed by hand: globs make start-up slow and hide what runs. */
export const MIGRATIONS = [Initial1795132800000];
