import { WalletError } from './wallet-error';

/**
 * The base URL of an exchange, bank or merchant as a user types it: host in lower case, default port dropped, final
 * slash added (conventions.md 5.9).
 *
 * @throws WalletError `invalid-argument`
 */
export function parseBaseUrl(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const isWeb = url?.protocol === 'http:' || url?.protocol === 'https:';
  if (url === undefined || !isWeb || url.search !== '' || url.hash !== '' || url.username !== '') {
    throw new WalletError('invalid-argument', `not a base URL: ${text}`);
  }
  return url.href.endsWith('/') ? url.href : `${url.href}/`;
}
