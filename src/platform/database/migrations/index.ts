import { Initial1795132800000 } from './0001-initial';
import { RefundsAndChoices1795219200000 } from './0002-refunds-and-choices';
import { Instances1795305600000 } from './0003-instances';
import { Auth1795392000000 } from './0004-auth';
import { Challenges1795478400000 } from './0005-challenges';
import { Kyc1795564800000 } from './0006-kyc';
import { ReturnedContracts1795651200000 } from './0007-returned-contracts';
import { AskedRefunds1795737600000 } from './0008-asked-refunds';

/** All migrations, oldest first. Listed by hand: globs make start-up slow and hide what runs. */
export const MIGRATIONS = [
  Initial1795132800000,
  RefundsAndChoices1795219200000,
  Instances1795305600000,
  Auth1795392000000,
  Challenges1795478400000,
  Kyc1795564800000,
  ReturnedContracts1795651200000,
  AskedRefunds1795737600000,
];
