import { importRsaPrivateKey, type RsaPrivateKey } from '../../../../src/taler/rsa';

function modularPower(base: bigint, exponent: bigint, modulus: bigint): bigint {
  let [result, square] = [1n, base % modulus];
  for (let rest = exponent; rest > 0n; rest >>= 1n) {
    if (rest & 1n) result = (result * square) % modulus;
    square = (square * square) % modulus;
  }
  return result;
}

function gcd(a: bigint, b: bigint): bigint {
  return b === 0n ? a : gcd(b, a % b);
}

function inverse(value: bigint, modulus: bigint): bigint {
  let [r0, r1, t0, t1] = [modulus, value % modulus, 0n, 1n];
  while (r1 !== 0n) [r0, r1, t0, t1] = [r1, r0 % r1, t1, t0 - (r0 / r1) * t1];
  return ((t0 % modulus) + modulus) % modulus;
}

/** Finds the primes with the help of d: e·d - 1 is a multiple of the order of the group. */
function factor(n: bigint, e: bigint, d: bigint): bigint {
  let odd = e * d - 1n;
  let twos = 0;
  while (odd % 2n === 0n) [odd, twos] = [odd / 2n, twos + 1];
  for (let base = 2n; base < 200n; base += 1n) {
    let root = modularPower(base, odd, n);
    for (let round = 0; round < twos; round += 1) {
      const square = (root * root) % n;
      if (square === 1n && root !== 1n && root !== n - 1n) return gcd(root - 1n, n);
      root = square;
    }
  }
  throw new Error('n, e and d are no RSA key');
}

function base64Url(value: bigint): string {
  const hex = value.toString(16);
  return Buffer.from(hex.padStart(hex.length + (hex.length % 2), '0'), 'hex').toString('base64url');
}

/** Private key out of modulus and exponents, as vectors have it. */
export function rsaPrivateKeyOf({ n, e, d }: { n: bigint; e: bigint; d: bigint }): RsaPrivateKey {
  const p = factor(n, e, d);
  return rsaPrivateKeyOfPrimes({ p, q: n / p, e });
}

export function rsaPrivateKeyOfPrimes({ p, q, e }: { p: bigint; q: bigint; e: bigint }): RsaPrivateKey {
  const d = inverse(e, (p - 1n) * (q - 1n));
  const members = { n: p * q, e, d, p, q, dp: d % (p - 1n), dq: d % (q - 1n), qi: inverse(q, p) };
  return importRsaPrivateKey({
    n: base64Url(members.n),
    e: base64Url(members.e),
    d: base64Url(members.d),
    p: base64Url(members.p),
    q: base64Url(members.q),
    dp: base64Url(members.dp),
    dq: base64Url(members.dq),
    qi: base64Url(members.qi),
  });
}

/** Modular power by the book, to compare OpenSSL with. */
export { modularPower };
