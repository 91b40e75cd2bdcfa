import { type Amount, formatAmount } from '../../src/taler/amount';
import type { JsonObject } from '../../src/taler/json';
import { type Arguments, exchangeOf, UsageError } from './cli-arguments';
import { abort, refund } from './cli-money-back';
import type { Report } from './cli-report';
import { countCoins } from './history';
import type { PayOutcome } from './pay';
import { Wallet } from './wallet';
import { WalletError } from './wallet-error';

const DEFAULT_WITHDRAWAL = '20';

/** Does what the arguments say. @throws UsageError, WalletError */
export async function runCommand(wallet: Wallet, args: Arguments, env: NodeJS.ProcessEnv): Promise<Report> {
  switch (args.command) {
    case 'withdraw':
      return withdraw(wallet, args, env);
    case 'balance':
      return balance(wallet);
    case 'pay':
      return pay(wallet, args);
    case 'abort':
      return abort(wallet, findOrder(wallet, args.argument ?? ''));
    case 'unclaim':
      return unclaim(wallet, args);
    case 'paid':
      return paid(wallet, args);
    case 'refund':
      return refund(wallet, findOrder(wallet, args.argument ?? ''));
    case 'history':
      return history(wallet);
    case 'help':
      return { lines: [], json: {} };
  }
}

async function withdraw(wallet: Wallet, args: Arguments, env: NodeJS.ProcessEnv): Promise<Report> {
  const exchangeBaseUrl = await exchangeOf(args, env);
  const resumed = (await wallet.resumeWithdrawals()).map(({ amount, coinCount, error }) =>
    error === undefined
      ? `Finished an earlier withdrawal of ${amount}: ${countCoins(coinCount)}.`
      : `An earlier withdrawal of ${amount} is still waiting: ${error.message}`,
  );
  const amount =
    args.argument ?? `${(await wallet.exchangeKeys(exchangeBaseUrl)).currency}:${DEFAULT_WITHDRAWAL}`;
  const bank = args.bank === undefined ? {} : { bankUrl: args.bank };
  const done = await wallet.withdraw({ exchangeBaseUrl, amount, ...bank });
  const total = done.coinTotal ?? 'nothing';
  return {
    lines: [
      ...resumed,
      `Withdrew ${done.amount} from ${exchangeBaseUrl}: ${countCoins(done.coinCount)} worth ${total}.`,
    ],
    json: { reserve_pub: done.reservePub, amount: done.amount, coins: done.coinCount, coin_total: total },
  };
}

function balance(wallet: Wallet): Report {
  const entries = wallet.balance();
  const lines = entries.map((entry) => {
    const extras = [
      ...(entry.pendingIncoming.units > 0n ? [`${formatAmount(entry.pendingIncoming)} on its way`] : []),
      ...(entry.pendingOutgoing.units > 0n
        ? [`${formatAmount(entry.pendingOutgoing)} in unfinished payments`]
        : []),
    ];
    const detail = [`${countCoins(entry.coinCount)}`, ...extras].join(', ');
    return `${formatAmount(entry.available)}  (${detail}; exchange ${entry.exchangeBaseUrl})`;
  });
  return {
    lines: lines.length > 0 ? lines : ['The wallet is empty.', HOW_TO_FILL],
    json: {
      balances: entries.map((entry) => ({
        exchange: entry.exchangeBaseUrl,
        available: formatAmount(entry.available),
        pending_incoming: formatAmount(entry.pendingIncoming),
        pending_outgoing: formatAmount(entry.pendingOutgoing),
        coins: entry.coinCount,
      })),
    },
  };
}

const HOW_TO_FILL = 'Fill it with: npm run wallet -- withdraw';

async function pay(wallet: Wallet, args: Arguments): Promise<Report> {
  const uri = args.argument ?? '';
  const outcome = await payWithAdvice(wallet, uri, {
    ...(args.session === undefined ? {} : { sessionId: args.session }),
    ...(args.choice === undefined ? {} : { choice: args.choice }),
  });
  const { contract } = wallet.order(outcome.orderKey);
  const shop = contract.merchantName ?? contract.merchantBaseUrl;
  const next = [contract.fulfillmentUrl, contract.fulfillmentMessage].filter((text) => text !== undefined);
  const common = { order: outcome.orderKey, summary: contract.summary, fulfillment: next[0] ?? null };
  return {
    lines: [...describeOutcome(outcome, shop, contract.summary), ...next.map((text) => `Next: ${text}`)],
    json: { outcome: outcome.kind, ...common, ...outcomeJson(outcome) },
  };
}

/** An empty purse is the first thing that a newcomer meets; tell how to fill it, with enough. */
async function payWithAdvice(
  wallet: Wallet,
  uri: string,
  options: { sessionId?: string; choice?: number },
): Promise<PayOutcome> {
  try {
    return await wallet.pay(uri, options);
  } catch (error) {
    if (!(error instanceof WalletError) || error.kind !== 'insufficient-balance') throw error;
    const price = wallet.order(Wallet.keyOf(uri)).contract.choices[options.choice ?? 0]?.amount;
    throw new WalletError('insufficient-balance', `${error.message}. ${advice(price)}`, { cause: error });
  }
}

function advice(price: Amount | undefined): string {
  if (price === undefined) return HOW_TO_FILL;
  const whole = price.units / 100_000_000n + 2n;
  const enough = whole > BigInt(DEFAULT_WITHDRAWAL) ? whole : BigInt(DEFAULT_WITHDRAWAL);
  return `${HOW_TO_FILL} ${price.currency}:${enough}`;
}

function describeOutcome(outcome: PayOutcome, shop: string, summary: string): string[] {
  switch (outcome.kind) {
    case 'paid': {
      const { total, fees, coins } = outcome.payment;
      const cost = `${formatAmount(total)} with ${countCoins(coins.length)} (deposit fees ${formatAmount(fees)})`;
      return [`Paid "${summary}" at ${shop}: ${cost}.`, ...confirmation(outcome.receipt.posConfirmation)];
    }
    case 'was-paid':
      return [
        `"${summary}" at ${shop} was paid before${outcome.refunded ? ', and refunded' : ''}; receipt shown again.`,
      ];
    case 'bought-before':
      return [`"${summary}" at ${shop} was bought before (${outcome.earlierOrderKey}); nothing was paid.`];
  }
}

function confirmation(codes: string | undefined): string[] {
  return codes === undefined ? [] : ['Confirmation codes for the shop:', ...codes.split('\n')];
}

function outcomeJson(outcome: PayOutcome): JsonObject {
  if (outcome.kind === 'bought-before') return { earlier_order: outcome.earlierOrderKey };
  if (outcome.kind === 'was-paid') return { refunded: outcome.refunded };
  const { total, fees, coins } = outcome.payment;
  const { posConfirmation } = outcome.receipt;
  return {
    total: formatAmount(total),
    fees: formatAmount(fees),
    coins: coins.length,
    ...(posConfirmation === undefined ? {} : { pos_confirmation: posConfirmation }),
  };
}

async function unclaim(wallet: Wallet, args: Arguments): Promise<Report> {
  const uri = args.argument ?? '';
  const outcome = await wallet.unclaim(uri, { force: args.force });
  const text =
    outcome === 'released'
      ? 'The order is free for other wallets again.'
      : 'The order was not ours any more.';
  return { lines: [text], json: { outcome, order: Wallet.keyOf(uri) } };
}

async function paid(wallet: Wallet, args: Arguments): Promise<Report> {
  const key = findOrder(wallet, args.argument ?? '');
  const session = args.session ?? '';
  const { refunded, posConfirmation } = await wallet.provePaid(key, session);
  return {
    lines: [
      `The receipt of ${key} was accepted for session "${session}"${refunded ? ' (refunded)' : ''}.`,
      ...confirmation(posConfirmation),
    ],
    json: { order: key, session_id: session, refunded },
  };
}

/** An order by pay or refund URI, order key or order id. @throws UsageError, WalletError */
function findOrder(wallet: Wallet, name: string): string {
  if (/^taler(\+http)?:/i.test(name)) return Wallet.keyOf(name);
  const found = wallet.orderKeys().filter((key) => key === name || key.endsWith(`/orders/${name}`));
  const [key] = found;
  if (key === undefined) throw new WalletError('unknown-order', `this wallet knows no order ${name}`);
  if (found.length > 1) throw new UsageError(`several orders are called ${name}: ${found.join(', ')}`);
  return key;
}

function history(wallet: Wallet): Report {
  const entries = wallet.history();
  const lines = entries.map((entry) => {
    const time = new Date(entry.timeMs).toISOString();
    const failure = entry.failure === undefined ? '' : `  [${entry.failure}]`;
    if (entry.type === 'withdrawal') {
      const facts = `${entry.amount} from ${entry.exchangeBaseUrl}, ${countCoins(entry.coinCount)}`;
      return `${time}  withdrawal  ${entry.state.padEnd(8)}  ${facts}${failure}`;
    }
    const back = entry.refunded === undefined ? '' : `, ${entry.refunded} came back`;
    const facts = `${entry.amount ?? ''} ${entry.summary ?? ''} (${entry.orderKey})${back}`.trim();
    return `${time}  purchase    ${entry.state.padEnd(8)}  ${facts}${failure}`;
  });
  return {
    lines: lines.length > 0 ? lines : ['Nothing has happened yet.'],
    json: { history: entries.map((entry) => ({ ...entry })) },
  };
}
