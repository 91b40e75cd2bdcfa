import { Initial1795132800000 } from './0001-initial';
import { RefundsAndChoices1795219200000 } from './0002-refunds-and-choices';
import { Instances1795305600000 } from './0003-instances';
import { Auth1795392000000 } from './0004-auth';

/** All migrations, oldest first. Listed by hand: globs make start-up slow and hide what runs. */
export const MIGRATIONS = [
  Initial1795132800000,
  RefundsAndChoices1795219200000,
  Instances1795305600000,
  Auth1795392000000,
];
