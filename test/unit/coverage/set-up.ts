import type { Api } from '../../support/api';

/** Looks at an answer for itself, as helpers do that set something up. */
export async function setUp(api: Api): Promise<void> {
  const answer = await api.get('orders/x');
  if (answer.status !== 404) throw new Error(`expected 404, got ${answer.status}`);
}
