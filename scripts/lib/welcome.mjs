const RULE = '═'.repeat(78);

/**
 * What `npm start` says once the server answers: what is real and what is not, where it is, and the first commands.
 *
 * @returns text with a final newline; commands stand alone on their lines so that they can be copied
 */
export function welcome({ origin, adminToken, shopToken, shopProblem, exchange, stack }) {
  const lines = ['', RULE];
  if (exchange !== undefined) lines.push('  EVALUATION MODE: no real money moves.');
  if (exchange !== undefined)
    lines.push(`  The exchange is a simulation at ${exchange.base_url} that gives coins away.`);
  if (stack.inventsDatabase)
    lines.push(`  The database is embedded; its data lie in ${stack.dataDirectory}.`);
  lines.push(RULE, `  Merchant backend   ${origin}/`, `  API documentation  ${origin}/docs`);
  if (stack.isEvaluation || exchange !== undefined) lines.push(`  Management token   ${adminToken}`);
  if (shopToken !== undefined) lines.push(`  Token of the shop  ${shopToken}`);
  if (shopProblem !== undefined) lines.push(`  The instance "shop" could not be set up: ${shopProblem}`);
  if (shopToken !== undefined) lines.push(...firstSteps({ origin, shopToken, currency: exchange.currency }));
  lines.push(RULE, '');
  return `${lines.join('\n')}\n`;
}

function firstSteps({ origin, shopToken, currency }) {
  const orders = `${origin}/instances/shop/private/orders`;
  const order = JSON.stringify({
    order: { amount: `${currency}:5`, summary: 'A coffee', fulfillment_message: 'Enjoy your coffee!' },
  });
  return [
    '',
    '  1. Create an order; the answer names its order_id:',
    '',
    `curl -X POST ${orders} -H 'Authorization: Bearer ${shopToken}' -H 'Content-Type: application/json' -d '${order}'`,
    '',
    '  2. Look at it (put the order_id at the end); taler_pay_uri is what a wallet needs:',
    '',
    `curl -H 'Authorization: Bearer ${shopToken}' ${orders}/ORDER_ID`,
    '',
    '  3. Pay it with the wallet of the sandbox:',
    '',
    `npm run wallet -- withdraw ${currency}:20`,
    "npm run wallet -- pay 'taler+http://pay/…'",
    '',
    '  4. Look again: order_status is now "paid". Stop everything with Ctrl-C; the next start goes on from here.',
    '     Begin anew by deleting the data folder.',
  ];
}
