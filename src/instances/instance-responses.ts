import { encodeBase32 } from '../taler/base32';
import { relativeTimeToJson } from '../taler/timestamp';
import type { BankAccount, Instance } from './instance';

/** Entity -> wire: the only place that knows the shape of the instances feature's answers. Absent members are left out. */
export function toInstanceSummary(instance: Instance) {
  const active = instance.accounts.filter((account) => account.active);
  return {
    name: instance.name,
    website: instance.website,
    logo: instance.logo,
    id: instance.id,
    merchant_pub: encodeBase32(instance.merchantPub),
    payment_targets: [...new Set(active.map((account) => account.wireMethod))],
    deleted: instance.deleted,
  };
}

export function toInstanceDetail(instance: Instance) {
  return {
    name: instance.name,
    email: instance.email,
    email_validated: instance.email === undefined ? undefined : instance.emailValidated,
    phone_number: instance.phoneNumber,
    phone_validated: instance.phoneNumber === undefined ? undefined : instance.phoneValidated,
    website: instance.website,
    logo: instance.logo,
    merchant_pub: encodeBase32(instance.merchantPub),
    address: instance.address,
    jurisdiction: instance.jurisdiction,
    use_stefan: instance.useStefan,
    default_pay_delay: relativeTimeToJson(instance.defaultPayDelay),
    default_refund_delay: relativeTimeToJson(instance.defaultRefundDelay),
    default_wire_transfer_delay: relativeTimeToJson(instance.defaultWireTransferDelay),
    default_wire_transfer_rounding_interval: instance.defaultWireTransferRoundingInterval,
    auth: { method: 'token' as const },
  };
}

export function toAccountSummary(account: BankAccount) {
  return { payto_uri: account.paytoUri, h_wire: encodeBase32(account.hWire), active: account.active };
}

export function toAccountDetail(account: BankAccount) {
  return {
    ...toAccountSummary(account),
    salt: encodeBase32(account.salt),
    credit_facade_url: account.creditFacadeUrl,
    extra_wire_subject_metadata: account.extraWireSubjectMetadata,
  };
}
