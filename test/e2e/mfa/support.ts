import type { Api, ApiAnswer } from '../../support/api';
import { createShop, TestServer, TestShop, TestWorld } from '../../support/app';
import { startStillWorld } from '../instances/helpers';
import { uniqueId } from '../orders/helpers';
import { PostOffice } from './post-office';

/** A world whose servers send codes, and where they arrive. */
export interface MfaWorld extends TestWorld {
  readonly office: PostOffice;
}

export async function startMfaWorld(): Promise<MfaWorld> {
  const office = await PostOffice.open();
  const world = await startStillWorld(office.config);
  const close = async () => {
    await world.close();
    await office.close();
  };
  return { ...world, office, close };
}

export interface ChallengeBody {
  readonly challenge_id: string;
  readonly tan_channel: 'sms' | 'email';
  readonly tan_info: string;
}

/** A shop with addresses of its own. */
export interface ReachableShop extends TestShop {
  readonly email: string;
  readonly phone: string;
}

let phones = 10_000_000 + Math.floor(Math.random() * 80_000_000);

/** @param channels addresses that it has */
export async function reachableShop(
  server: TestServer,
  channels: readonly ('sms' | 'email')[] = ['email'],
): Promise<ReachableShop> {
  const id = uniqueId('owner');
  const email = `${id}@shop.example`;
  const phone = `+41${++phones}`;
  const instance = {
    ...(channels.includes('email') ? { email } : {}),
    ...(channels.includes('sms') ? { phone_number: phone } : {}),
  };
  return { ...(await createShop(server, id, { instance })), email, phone };
}

/** The challenges of a 202. */
export function challengesOf(answer: ApiAnswer): ChallengeBody[] {
  if (answer.status !== 202) throw new Error(`expected 202, got ${answer.status}: ${answer.text}`);
  return answer.body.challenges as ChallengeBody[];
}

export function idsOf(answer: ApiAnswer): string[] {
  return challengesOf(answer).map(({ challenge_id: id }) => id);
}

export function only(answer: ApiAnswer): string {
  const [id, ...more] = idsOf(answer);
  if (id === undefined || more.length > 0) throw new Error(`expected one challenge: ${answer.text}`);
  return id;
}

/** Header that lists solved challenges. */
export function solved(...ids: readonly string[]): { headers: Record<string, string> } {
  return { headers: { 'Taler-Challenge-Ids': ids.join(', ') } };
}

/** A shop with a challenge of its own, which nobody has asked a code for yet. */
export async function challenged(
  server: TestServer,
  channel: 'sms' | 'email' = 'email',
): Promise<{ shop: ReachableShop; id: string }> {
  const shop = await reachableShop(server, [channel]);
  return { shop, id: only(await recover(shop)) };
}

/** Has a code sent and confirms it. @param address where it goes */
export async function solve(api: Api, office: PostOffice, id: string, address: string): Promise<void> {
  const sent = await api.post(`challenge/${id}`, {});
  if (sent.status !== 200) throw new Error(`send: ${sent.status} ${sent.text}`);
  const confirmed = await api.post(`challenge/${id}/confirm`, { tan: office.codeFor(address) });
  if (confirmed.status !== 204) throw new Error(`confirm: ${confirmed.status} ${confirmed.text}`);
}

/** Begins to recover the password, which anybody may: a challenge for each address. */
export function recover(shop: TestShop, password = 'a new one', ids: readonly string[] = []) {
  const options = ids.length === 0 ? {} : solved(...ids);
  return shop.api.post('forgot-password', { method: 'token', password }, options);
}

/** Validates an address of the shop: a code comes back from it. */
export async function validate(
  shop: ReachableShop,
  office: PostOffice,
  ...channels: ('sms' | 'email')[]
): Promise<void> {
  const challenges = challengesOf(await recover(shop));
  for (const channel of channels) {
    const id = challenges.find(({ tan_channel: each }) => each === channel)?.challenge_id ?? '';
    await solve(shop.api, office, id, channel === 'sms' ? shop.phone : shop.email);
  }
}

/** A code that is not this one. */
export function otherThan(code: string): string {
  return code.startsWith('9') ? `8${code.slice(1)}` : `9${code.slice(1)}`;
}
