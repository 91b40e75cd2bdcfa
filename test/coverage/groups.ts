import { MANAGEMENT_INSTANCES } from './management-instances-rows';
import { ORDERS } from './orders-rows';
import type { ReferenceGroup } from './rows';

/** Every part of the reference that the document covers. */
export const GROUPS: readonly ReferenceGroup[] = [ORDERS, MANAGEMENT_INSTANCES];
