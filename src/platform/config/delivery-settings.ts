import { isAbsolute } from 'node:path';
import type { MailServer, TanChannel } from './config';
import type { EnvironmentReader } from './environment';

const SMTP_PORT = 587;
const SMTPS_PORT = 465;

/** How codes reach the owners of instances (management.md 18). */
export function readDelivery(reader: EnvironmentReader, mandatory: readonly TanChannel[]) {
  const smsCommand = reader.parsed(
    'TALER_SMS_COMMAND',
    parseCommand,
    'the absolute path of a program, perhaps with arguments, with blanks between',
  );
  const mailServer = readMailServer(reader);
  // Nobody could ever log in.
  if (mandatory.includes('sms') && reader.text('TALER_SMS_COMMAND') === undefined) {
    reader.faults.push('TALER_MANDATORY_TAN_CHANNELS: sms needs TALER_SMS_COMMAND');
  }
  if (mandatory.includes('email') && reader.text('TALER_SMTP_URL') === undefined) {
    reader.faults.push('TALER_MANDATORY_TAN_CHANNELS: email needs TALER_SMTP_URL');
  }
  return { smsCommand, mailServer };
}

function readMailServer(reader: EnvironmentReader): MailServer | undefined {
  const server = reader.parsed('TALER_SMTP_URL', parseSmtpUrl, 'smtp(s)://[USER:PASSWORD@]HOST[:PORT]');
  const from = reader.parsed(
    'TALER_MAIL_FROM',
    parseMailAddress,
    'a mail address such as no-reply@shop.example',
  );
  if (server && reader.text('TALER_MAIL_FROM') === undefined) {
    reader.faults.push('TALER_MAIL_FROM is missing: TALER_SMTP_URL needs a sender');
  }
  return server && from !== undefined ? { ...server, from } : undefined;
}

function parseSmtpUrl(text: string): Omit<MailServer, 'from'> | undefined {
  try {
    const { protocol, hostname, port, username, password, pathname, search, hash } = new URL(text);
    const secure = protocol === 'smtps:';
    if (!secure && protocol !== 'smtp:') return undefined;
    if (hostname === '' || !['', '/'].includes(pathname) || search !== '' || hash !== '') return undefined;
    return {
      host: hostname.replace(/^\[|\]$/g, ''),
      port: port === '' ? (secure ? SMTPS_PORT : SMTP_PORT) : Number(port),
      secure,
      user: username === '' ? undefined : decodeURIComponent(username),
      password: decodeURIComponent(password),
    };
  } catch {
    return undefined;
  }
}

function parseMailAddress(text: string): string | undefined {
  return /^[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]+@[A-Za-z0-9.-]+$/.test(text) ? text : undefined;
}

/** Found by its path alone: what the PATH of a server holds is nobody's plan. */
function parseCommand(text: string): readonly string[] | undefined {
  const words = text.split(/\s+/);
  return words[0] !== undefined && isAbsolute(words[0]) ? words : undefined;
}
