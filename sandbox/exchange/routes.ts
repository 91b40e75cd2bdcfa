import * as admin from './admin';
import {
  addIncoming,
  addKycAuth,
  bankConfig,
  incomingHistory,
  outgoingHistory,
  revenueHistory,
} from './bank';
import { coinHistory } from './coin-history';
import { batchDeposit } from './deposit';
import type { Faults } from './faults';
import type { Handler } from './http-types';
import { config, keys } from './keys';
import { kycCheck, kycInfo, kycUpload } from './kyc';
import { refundCoin } from './refund';
import { batchWithdraw, reserveStatus } from './reserves';
import { trackDeposit, transferDetails } from './tracking';

export interface Route {
  readonly method: 'GET' | 'POST' | 'DELETE';
  /** Parts of the path; those with a colon match anything. */
  readonly pattern: readonly string[];
  readonly handler: Handler;
  /** The body is no JSON and does not matter. */
  readonly ignoresBody: boolean;
}

/** Everything the sandbox answers. */
export function routes(faults: Faults): Route[] {
  const gateway = '/bank/accounts/:name/taler-wire-gateway';
  const revenue = '/bank/accounts/:name/taler-revenue';
  return [
    route('GET', '/config', config),
    route('GET', '/keys', keys),
    route('GET', '/reserves/:pub', reserveStatus),
    route('POST', '/reserves/:pub/batch-withdraw', batchWithdraw),
    route('POST', '/batch-deposit', batchDeposit),
    route('POST', '/coins/:pub/refund', refundCoin),
    route('GET', '/coins/:pub/history', coinHistory),
    route('GET', '/deposits/:wire/:merchant/:contract/:coin', trackDeposit),
    route('GET', '/transfers/:wtid', transferDetails),
    route('GET', '/kyc-check/:payto', kycCheck),
    route('GET', '/kyc-info/:token', kycInfo),
    { ...route('POST', '/kyc-upload/:id', kycUpload), ignoresBody: true },
    route('POST', `${gateway}/admin/add-incoming`, addIncoming),
    route('POST', `${gateway}/admin/add-kycauth`, addKycAuth),
    route('GET', `${gateway}/config`, bankConfig('taler-wire-gateway')),
    route('GET', `${gateway}/history/outgoing`, outgoingHistory),
    route('GET', `${gateway}/history/incoming`, incomingHistory),
    route('GET', `${revenue}/config`, bankConfig('taler-revenue')),
    route('GET', `${revenue}/history`, revenueHistory),
    route('POST', '/sandbox/faults', admin.addFault(faults)),
    route('DELETE', '/sandbox/faults', admin.clearFaults(faults)),
    { ...route('POST', '/sandbox/wire', admin.wireNow), ignoresBody: true },
    route('GET', '/sandbox/books', admin.books),
    route('POST', '/sandbox/kyc', admin.setKyc),
    route('POST', '/sandbox/limits', admin.changeHardLimits),
    route('POST', '/sandbox/time', admin.moveTime),
  ];
}

function route(method: Route['method'], path: string, handler: Handler): Route {
  return { method, pattern: partsOf(path), handler, ignoresBody: false };
}

/** `/a/b` to `['a', 'b']`. */
export function partsOf(path: string): string[] {
  return path.split('/').slice(1);
}
