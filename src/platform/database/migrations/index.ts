import { Initial1795132800000 } from './0001-initial';
import { RefundsAndChoices1795219200000 } from './0002-refunds-and-choices';

/** All migrations, oldest first. Listed by hand: globs make start-up slow and hide what runs. */
export const MIGRATIONS = [Initial1795132800000, RefundsAndChoices1795219200000];
