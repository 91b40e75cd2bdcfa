import { domainToASCII } from 'node:url';
import type { Factor } from './factors';

/** RFC 5321 4.1.2 without quoted strings: nothing that a mail header or a list of addresses gives a meaning. */
const LOCAL_PART = /^[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*$/;
const DOMAIN = /^[a-z0-9-]+(\.[a-z0-9-]+)*$/i;
const DIGITS_MIN = 3;
/** Digits or letters that a mask leaves to be seen. */
const SHOWN = 2;

/**
 * The address in the form in which it is handed to the mail server or the SMS command.
 * @returns undefined when nothing can be sent there
 */
export function deliverable({ channel, address }: Factor): string | undefined {
  return channel === 'email' ? mailAddress(address) : phoneNumber(address);
}

function mailAddress(text: string): string | undefined {
  const at = text.lastIndexOf('@');
  const local = text.slice(0, at);
  // What the function would quietly leave out or decode is refused.
  const written = text.slice(at + 1);
  const domain = /[\s%]/.test(written) ? '' : domainToASCII(written);
  return at > 0 && LOCAL_PART.test(local) && DOMAIN.test(domain) ? `${local}@${domain}` : undefined;
}

/** An optional plus and digits: never an option of a command. */
function phoneNumber(text: string): string | undefined {
  const number = text.replace(/[ ()-]/g, '');
  return /^\+?\d+$/.test(number) && number.length >= DIGITS_MIN ? number : undefined;
}

/** Enough for the owner to know where to look, and little for anybody else: `te***@example.com`, `***67`. */
export function mask({ channel, address }: Factor): string {
  if (channel === 'sms') return `***${address.replace(/\D/g, '').slice(-SHOWN)}`;
  const at = address.lastIndexOf('@');
  const local = [...address.slice(0, at)];
  return `${local.slice(0, local.length > SHOWN ? SHOWN : 1).join('')}***${address.slice(at)}`;
}
