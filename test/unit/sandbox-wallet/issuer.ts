import type { SandboxExchange } from '../../../sandbox/exchange/exchange-server';
import { Wallet } from '../../../sandbox/wallet/wallet';
import { encodeBase32 } from '../../../src/taler/base32';
import { money } from './coin-mint';
import type { Issuer } from './fake-merchant';

/** The sandbox exchange as a fake merchant sees it. */
export async function issuerOf(exchange: SandboxExchange): Promise<Issuer> {
  const reader = await Wallet.open();
  const { denominations } = await reader.exchangeKeys(exchange.baseUrl);
  await reader.close();
  const byHash = new Map(denominations.map((one) => [encodeBase32(one.hDenom), one]));
  return {
    baseUrl: exchange.baseUrl,
    masterPub: exchange.masterPublicKey,
    denominationOf: (hDenom) => {
      const key = byHash.get(hDenom)?.key;
      return key?.cipher === 'RSA' ? key : undefined;
    },
    feeOf: (hDenom) => byHash.get(hDenom)?.feeDeposit ?? money('KUDOS:0'),
  };
}
