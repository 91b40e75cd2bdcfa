import { encodeBase32 } from '../../src/taler/base32';
import { hashDenomination, type RsaDenominationKey } from '../../src/taler/denominations';
import { createSigner, type EddsaSigner } from '../../src/taler/eddsa';
import type { RsaPrivateKey } from '../../src/taler/rsa';
import { denominationKeyValidity, signingKeyValidity } from '../../src/taler/signatures-master';
import type { Timestamp } from '../../src/taler/timestamp';
import type { DenominationPlan } from './denomination-plan';
import type { DenominationMaterial, KeyMaterial, SigningKeyMaterial } from './key-material';

/** A key that signs answers. */
export interface AnswerSigner {
  readonly signer: EddsaSigner;
  /** `exchange_pub` in base32. */
  readonly pub: string;
}

export interface SigningKey extends AnswerSigner {
  readonly start: Timestamp;
  readonly expire: Timestamp;
  readonly end: Timestamp;
  readonly masterSig: Buffer;
}

export interface Denomination {
  readonly plan: DenominationPlan;
  readonly key: RsaDenominationKey;
  readonly privateKey: RsaPrivateKey;
  readonly hDenom: Buffer;
  /** hDenom in base32. */
  readonly id: string;
  readonly start: Timestamp;
  readonly expireWithdraw: Timestamp;
  readonly expireDeposit: Timestamp;
  readonly expireLegal: Timestamp;
  readonly masterSig: Buffer;
}

/** The keys ready for use: imported, hashed and signed by the master key. */
export class KeyRing {
  readonly master: EddsaSigner;
  readonly signingKeys: readonly SigningKey[];
  readonly denominations: readonly Denomination[];
  private readonly byHash: ReadonlyMap<string, Denomination>;

  constructor(material: KeyMaterial, plans: readonly DenominationPlan[]) {
    this.master = createSigner(material.masterSeed);
    this.signingKeys = material.signingKeys.map((key) => certifySigningKey(this.master, key));
    this.denominations = plans.flatMap((plan) =>
      material.denominations
        .filter((denomination) => denomination.plan === plan.name)
        .map((denomination) => certifyDenomination(this.master, plan, denomination)),
    );
    this.byHash = new Map(this.denominations.map((denomination) => [denomination.id, denomination]));
  }

  /** @param id denomination hash in canonical base32 */
  denomination(id: string): Denomination | undefined {
    return this.byHash.get(id);
  }

  /** The newest key that is valid now. @throws Error if none is: keys are renewed whenever the clock is moved */
  signerAt(now: Timestamp): SigningKey {
    const valid = this.signingKeys.filter((key) => key.start <= now && now < key.expire);
    const signer = valid.at(-1);
    if (signer === undefined) throw new Error('no signing key is valid now');
    return signer;
  }
}

function certifySigningKey(master: EddsaSigner, material: SigningKeyMaterial): SigningKey {
  const { start, expire, end } = material;
  const signer = createSigner(material.seed);
  const masterSig = signingKeyValidity.sign(master, { start, expire, end, key: signer.publicKey });
  return { signer, pub: encodeBase32(signer.publicKey), start, expire, end, masterSig };
}

function certifyDenomination(
  master: EddsaSigner,
  plan: DenominationPlan,
  material: DenominationMaterial,
): Denomination {
  const { privateKey, start, expireWithdraw, expireDeposit, expireLegal } = material;
  const key: RsaDenominationKey = {
    cipher: 'RSA',
    rsaPublicKey: privateKey.publicKey,
    ageMask: plan.ageMask,
  };
  const hDenom = hashDenomination(key);
  const { value, feeWithdraw, feeDeposit, feeRefresh, feeRefund } = plan;
  const periods = { start, expireWithdraw, expireDeposit, expireLegal };
  const masterSig = denominationKeyValidity.sign(master, {
    masterPub: master.publicKey,
    ...periods,
    value,
    feeWithdraw,
    feeDeposit,
    feeRefresh,
    feeRefund,
    hDenom,
  });
  return { plan, key, privateKey, hDenom, id: encodeBase32(hDenom), ...periods, masterSig };
}
