import { Inject, Injectable } from '@nestjs/common';
import { WorkQueue } from '../../crypto/work-queue';
import type { Language } from '../../pages/language';
import { AppConfig, TanChannel } from '../../platform/config/config';
import { LOG, type Log } from '../../platform/observability/log';
import { TalerCode } from '../../taler/error-codes';
import { TalerError } from '../../taler/taler-error';
import { deliverable } from '../addresses';
import type { Factor } from '../factors';
import { sendMail } from './mail';
import { CodeMessage, mailOf, smsOf } from './messages';
import { runCommand } from './sms-command';

/** Connections to the mail server, or processes, of one process at once. */
const DELIVERIES_AT_ONCE = 4;
/** Who waits longer would have given up: some ten seconds at a mail server's usual pace. */
const DELIVERIES_WAITING_MAX = 50;

/** Sends codes, on whichever channel. Never called inside a transaction. */
@Injectable()
export class CodeSender {
  private readonly queues: Readonly<Record<TanChannel, WorkQueue>> = {
    sms: new WorkQueue(DELIVERIES_AT_ONCE, DELIVERIES_WAITING_MAX),
    email: new WorkQueue(DELIVERIES_AT_ONCE, DELIVERIES_WAITING_MAX),
  };

  constructor(
    private readonly config: AppConfig,
    @Inject(LOG) private readonly log: Log,
  ) {}

  /** Whether the operator has set up the channel, and the address is one. */
  canReach(factor: Factor): boolean {
    const isSetUp = factor.channel === 'sms' ? this.config.smsCommand : this.config.mailServer;
    return isSetUp !== undefined && deliverable(factor) !== undefined;
  }

  /** @throws TalerError 2128 when it could not be handed over; the log says why, without the address */
  async send(factor: Factor, message: Omit<CodeMessage, 'server'>, language: Language): Promise<void> {
    const { channel } = factor;
    const whole = { ...message, server: this.config.baseUrl };
    try {
      await this.queues[channel].run(
        () => this.deliver(factor, whole, language),
        () => new Error('too many are being sent'),
      );
    } catch (error) {
      this.log.warn({ channel, reason: reasonOf(error) }, 'a code could not be sent');
      throw new TalerError(TalerCode.MERCHANT_TAN_MFA_HELPER_EXEC_FAILED, { detail: channel });
    }
  }

  private async deliver(factor: Factor, message: CodeMessage, language: Language): Promise<void> {
    const { smsCommand, mailServer } = this.config;
    const to = deliverable(factor);
    if (to === undefined) throw new Error('not an address');
    if (factor.channel === 'sms') {
      if (!smsCommand) throw new Error('no SMS command is configured');
      return runCommand(smsCommand, to, smsOf(message, language));
    }
    if (!mailServer) throw new Error('no mail server is configured');
    return sendMail(mailServer, to, mailOf(message, language));
  }
}

/** The texts of mail servers show addresses; their codes and ours do not. */
function reasonOf(error: unknown): string {
  const { code, responseCode, message } = error as {
    code?: unknown;
    responseCode?: unknown;
    message?: string;
  };
  if (typeof code !== 'string') return message ?? 'unknown';
  return typeof responseCode === 'number' ? `${code} ${responseCode}` : code;
}
