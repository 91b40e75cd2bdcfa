import { ExchangeClient } from '../../../../src/exchange/exchange.client';
import type { ApiAnswer } from '../../../support/api';
import type { TestServer } from '../../../support/app';

/**
 * Pays, and stops the deposit right before it goes to the exchange until something else is done, however long that takes.
 * @param payment a request of one batch, which is stored by the time of `meanwhile`
 */
export async function whileDepositing(
  { app }: TestServer,
  payment: () => Promise<ApiAnswer>,
  meanwhile: () => Promise<void>,
): Promise<ApiAnswer> {
  const client = app.get(ExchangeClient);
  let begin = (): void => undefined;
  let letGo = (): void => undefined;
  const begun = new Promise<void>((resolve) => (begin = resolve));
  const released = new Promise<void>((resolve) => (letGo = resolve));
  const deposit = jest.spyOn(client, 'batchDeposit');
  deposit.mockImplementationOnce(async (call) => {
    deposit.mockRestore();
    begin();
    await released;
    return client.batchDeposit(call);
  });
  const paying = payment();
  try {
    // A payment that is refused has no deposit to wait for.
    await Promise.race([begun, paying]);
    await meanwhile();
  } finally {
    letGo();
    deposit.mockRestore();
  }
  return paying;
}
