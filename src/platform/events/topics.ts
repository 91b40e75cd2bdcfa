import { createHash } from 'node:crypto';

/**
 * What can happen, as text: a topic is the key of long-poll waiters and the payload of NOTIFY alike.
 * `kind:rest`; a topic is a hint that something changed, the database row is the truth.
 */
export type Topic = `${TopicKind}:${string}`;
export type TopicKind = 'order' | 'orders' | 'session' | 'attempt' | 'instance' | 'token' | 'keys' | 'kyc';

/** Any change of one order (orders.md 10). */
export function orderTopic(instanceSerial: bigint, orderId: string): Topic {
  return `order:${instanceSerial}:${orderId}`;
}

/** Some order of the instance was created, paid or refunded: what may change a page of the list (orders.md 10). */
export function orderListTopic(instanceSerial: bigint): Topic {
  return `orders:${instanceSerial}`;
}

/** An order was paid for, or moved to, this browser session (orders.md 7.3, 7.4). Hashed: both texts may be long. */
export function sessionTopic(instanceSerial: bigint, sessionId: string, fulfillmentUrl: string): Topic {
  const digest = createHash('sha256')
    .update(JSON.stringify([sessionId, fulfillmentUrl]))
    .digest('base64');
  return `session:${instanceSerial}:${digest}`;
}

/** A pay request of this order left the hands of its process. */
export function attemptTopic(orderSerial: bigint): Topic {
  return `attempt:${orderSerial}`;
}

/** Configuration or accounts of an instance changed. */
export function instanceTopic(instanceId: string): Topic {
  return `instance:${instanceId}`;
}

/** What an exchange says of the KYC of some account of the instance changed, or terms were accepted early. */
export function kycTopic(instanceSerial: bigint): Topic {
  return `kyc:${instanceSerial}`;
}

/** A login token was revoked; the rest is the hash of the token in base64. */
export function tokenTopic(tokenHash: Buffer): Topic {
  return `token:${tokenHash.toString('base64')}`;
}

/** Many login tokens were revoked at once: whatever is remembered of any is looked up again. */
export const ALL_TOKENS_TOPIC: Topic = 'token:';
