import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { generateSeed } from '../../src/taler/eddsa';
import {
  exportRsaPrivateKey,
  generateRsaKeyAsync,
  importRsaPrivateKey,
  type RsaPrivateKey,
  type RsaPrivateKeyJson,
} from '../../src/taler/rsa';
import { DAY_US, HOUR_US, MINUTE_US, type Timestamp } from '../../src/taler/timestamp';
import type { DenominationPlan } from './denomination-plan';

const KEYS_FILE = 'keys.json';

/** New keys are valid from an hour ago, so that clients with a slow clock can use them. */
const START_BEFORE_NOW_US = HOUR_US;
// Periods of recording 002.
const SIGNING_US = 84n * DAY_US;
const SIGNING_OVERLAP_US = 5n * MINUTE_US;
const SIGNING_LEGAL_US = 730n * DAY_US;
const WITHDRAW_US = 30n * DAY_US;
const DEPOSIT_US = 730n * DAY_US;
const LEGAL_US = 1095n * DAY_US;
/** A current key and its successor, as in the recording. */
const KEYS_AHEAD = 2;

export interface SigningKeyMaterial {
  readonly seed: Buffer;
  readonly start: Timestamp;
  readonly expire: Timestamp;
  readonly end: Timestamp;
}

export interface DenominationMaterial {
  /** Name of the DenominationPlan. */
  readonly plan: string;
  readonly privateKey: RsaPrivateKey;
  readonly start: Timestamp;
  readonly expireWithdraw: Timestamp;
  readonly expireDeposit: Timestamp;
  readonly expireLegal: Timestamp;
}

/**
 * All private keys of the sandbox. A real exchange keeps its master key offline; here it is at hand, so that the
 * sandbox can renew its own keys.
 */
export interface KeyMaterial {
  readonly currency: string;
  readonly masterSeed: Buffer;
  readonly signingKeys: readonly SigningKeyMaterial[];
  readonly denominations: readonly DenominationMaterial[];
}

/** Keys as in the file: seeds in base64url, RSA keys as JSON Web Keys, times as decimal microseconds. */
interface KeysFile {
  readonly currency: string;
  readonly master_seed: string;
  readonly signing_keys: ReadonlyArray<{ seed: string; start: string; expire: string; end: string }>;
  readonly denominations: ReadonlyArray<{
    plan: string;
    rsa: RsaPrivateKeyJson;
    start: string;
    expire_withdraw: string;
    expire_deposit: string;
    expire_legal: string;
  }>;
}

/**
 * Makes what is missing at a time: a signing key and a generation of each denomination that are valid then, and
 * the next of each.
 *
 * @returns the same object if nothing is missing
 */
export async function renewKeys(
  material: KeyMaterial,
  options: { plans: readonly DenominationPlan[]; rsaBits: number; now: Timestamp },
): Promise<KeyMaterial> {
  const { plans, rsaBits, now } = options;
  const signingKeys = [...material.signingKeys];
  while (signingKeys.filter((key) => key.expire > now).length < KEYS_AHEAD) {
    signingKeys.push(newSigningKey(now, signingKeys.at(-1)));
  }
  const fresh: Array<Promise<DenominationMaterial>> = [];
  for (const plan of plans) {
    const sofar = material.denominations.filter((denomination) => denomination.plan === plan.name);
    let expiry = sofar.at(-1)?.expireWithdraw ?? 0n;
    let ahead = sofar.filter((denomination) => denomination.expireWithdraw > now).length;
    for (; ahead < KEYS_AHEAD; ahead += 1) {
      const start = expiry > now ? expiry : now - START_BEFORE_NOW_US;
      fresh.push(newDenomination(plan.name, start, rsaBits));
      expiry = start + WITHDRAW_US;
    }
  }
  if (fresh.length === 0 && signingKeys.length === material.signingKeys.length) return material;
  return {
    ...material,
    signingKeys,
    denominations: [...material.denominations, ...(await Promise.all(fresh))],
  };
}

export function newKeyMaterial(currency: string, masterSeed: Buffer | undefined): KeyMaterial {
  return { currency, masterSeed: masterSeed ?? generateSeed(), signingKeys: [], denominations: [] };
}

function newSigningKey(now: Timestamp, last: SigningKeyMaterial | undefined): SigningKeyMaterial {
  const follows = last !== undefined && last.expire > now;
  const start = follows ? last.expire - SIGNING_OVERLAP_US : now - START_BEFORE_NOW_US;
  const expire = start + SIGNING_US;
  return { seed: generateSeed(), start, expire, end: expire + SIGNING_LEGAL_US };
}

async function newDenomination(
  plan: string,
  start: Timestamp,
  rsaBits: number,
): Promise<DenominationMaterial> {
  const expireWithdraw = start + WITHDRAW_US;
  const expireDeposit = expireWithdraw + DEPOSIT_US;
  const privateKey = await generateRsaKeyAsync(rsaBits);
  return { plan, privateKey, start, expireWithdraw, expireDeposit, expireLegal: expireDeposit + LEGAL_US };
}

/** Reads the keys of a data directory; undefined if there are none yet. @throws Error if the file is damaged */
export function loadKeys(directory: string): KeyMaterial | undefined {
  const path = join(directory, KEYS_FILE);
  if (!existsSync(path)) return undefined;
  const file = JSON.parse(readFileSync(path, 'utf8')) as KeysFile;
  return {
    currency: file.currency,
    masterSeed: Buffer.from(file.master_seed, 'base64url'),
    signingKeys: file.signing_keys.map((key) => ({
      seed: Buffer.from(key.seed, 'base64url'),
      start: BigInt(key.start),
      expire: BigInt(key.expire),
      end: BigInt(key.end),
    })),
    denominations: file.denominations.map((denomination) => ({
      plan: denomination.plan,
      privateKey: importRsaPrivateKey(denomination.rsa),
      start: BigInt(denomination.start),
      expireWithdraw: BigInt(denomination.expire_withdraw),
      expireDeposit: BigInt(denomination.expire_deposit),
      expireLegal: BigInt(denomination.expire_legal),
    })),
  };
}

/** Writes the keys in one step, readable by the owner only. */
export function saveKeys(directory: string, material: KeyMaterial): void {
  const file: KeysFile = {
    currency: material.currency,
    master_seed: material.masterSeed.toString('base64url'),
    signing_keys: material.signingKeys.map((key) => ({
      seed: key.seed.toString('base64url'),
      start: String(key.start),
      expire: String(key.expire),
      end: String(key.end),
    })),
    denominations: material.denominations.map((denomination) => ({
      plan: denomination.plan,
      rsa: exportRsaPrivateKey(denomination.privateKey),
      start: String(denomination.start),
      expire_withdraw: String(denomination.expireWithdraw),
      expire_deposit: String(denomination.expireDeposit),
      expire_legal: String(denomination.expireLegal),
    })),
  };
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const path = join(directory, KEYS_FILE);
  writeFileSync(`${path}.new`, JSON.stringify(file), { mode: 0o600 });
  renameSync(`${path}.new`, path);
}
