import { MANAGEMENT_AUTH } from './management-auth-rows';
import { MANAGEMENT_INSTANCES } from './management-instances-rows';
import { MANAGEMENT_KYC } from './management-kyc-rows';
import { MANAGEMENT_MFA } from './management-mfa-rows';
import { ORDERS } from './orders-rows';
import type { ReferenceGroup } from './rows';

/** Every part of the reference that the document covers. */
export const GROUPS: readonly ReferenceGroup[] = [
  ORDERS,
  MANAGEMENT_AUTH,
  MANAGEMENT_MFA,
  MANAGEMENT_INSTANCES,
  MANAGEMENT_KYC,
];
