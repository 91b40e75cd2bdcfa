import { createRequire } from 'node:module';
import { isIP } from 'node:net';
import type { MailServer } from '../../platform/config/config';

const CONNECT_TIMEOUT_MS = 5_000;
/** Between two words of the server. */
const SILENCE_TIMEOUT_MS = 10_000;
/** All in all: the client waits for it. */
const MAIL_TIMEOUT_MS = 20_000;

/**
 * Hands one mail to the mail server.
 * @param to one address, which `deliverable` has let through
 * @throws Error when the server does not take it in time
 */
export async function sendMail(
  server: MailServer,
  to: string,
  mail: { subject: string; text: string },
  timeoutMs = MAIL_TIMEOUT_MS,
): Promise<void> {
  // Loaded where a mail is sent: it would add some 60 ms to a start, and most servers never do.
  const { createTransport } = createRequire(__filename)('nodemailer') as typeof import('nodemailer');
  const { host, port, secure, user, password, from } = server;
  const transport = createTransport({
    host,
    port,
    secure,
    auth: user === undefined ? undefined : { user, pass: password },
    // A password never goes over the wire in the clear; without one STARTTLS is used where it is offered.
    requireTLS: user !== undefined && !secure && !isLoopback(host),
    connectionTimeout: CONNECT_TIMEOUT_MS,
    greetingTimeout: CONNECT_TIMEOUT_MS,
    dnsTimeout: CONNECT_TIMEOUT_MS,
    socketTimeout: SILENCE_TIMEOUT_MS,
    socketCloseTimeout: 0,
  });
  const sent = transport.sendMail({
    // Addresses as objects are not parsed: what looks like a list or a name is none.
    from: { name: '', address: from },
    to: { name: '', address: to },
    envelope: { from, to: [to] },
    ...mail,
    headers: { 'Auto-Submitted': 'auto-generated' },
    disableFileAccess: true,
    disableUrlAccess: true,
  });
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`not sent within ${timeoutMs} ms`)), timeoutMs);
  });
  try {
    await Promise.race([sent, late]);
  } finally {
    clearTimeout(timer);
    sent.catch(() => undefined);
    transport.close();
  }
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || (isIP(host) === 4 && host.startsWith('127.'));
}
