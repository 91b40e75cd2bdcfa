const FIELD_PRIME = 2n ** 255n - 19n;

function littleEndian(bytes: Uint8Array): bigint {
  return BigInt(`0x${Buffer.from(bytes).reverse().toString('hex')}`);
}

function inverse(value: bigint): bigint {
  let [result, square] = [1n, ((value % FIELD_PRIME) + FIELD_PRIME) % FIELD_PRIME];
  for (let rest = FIELD_PRIME - 2n; rest > 0n; rest >>= 1n) {
    if (rest & 1n) result = (result * square) % FIELD_PRIME;
    square = (square * square) % FIELD_PRIME;
  }
  return result;
}

/** Public key for Diffie-Hellman with an Ed25519 key: u = (1 + y) / (1 - y): the point of the Edwards curve on the Montgomery curve. */
export function edwardsToMontgomery(publicKey: Uint8Array): Buffer {
  const y = littleEndian(publicKey) & (2n ** 255n - 1n);
  const u = ((1n + y) * inverse(1n - y)) % FIELD_PRIME;
  return Buffer.from(u.toString(16).padStart(64, '0'), 'hex').reverse();
}
