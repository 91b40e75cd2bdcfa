import type { Language } from '../../pages/language';
import type { ProtectedOperation } from '../../platform/http/second-factor';
import { showCode } from '../challenge-id';

export interface CodeMessage {
  readonly code: string;
  /** As the challenge names it. */
  readonly operation: string;
  /** Base URL of the backend, when it is configured; undefined: not said. */
  readonly server: string | undefined;
}

interface Words {
  readonly subject: string;
  readonly deeds: Readonly<Record<ProtectedOperation, string>>;
  code(deed: string, at: string): string;
  readonly validity: string;
  readonly warning: string;
  at(server: string): string;
}

const WORDS: Readonly<Record<Language, Words>> = {
  en: {
    subject: 'Your confirmation code',
    deeds: {
      'provision-instance': 'to open a merchant account',
      'change-auth': 'to change the password of your merchant account',
      'delete-instance': 'to delete your merchant account',
      'add-account': 'to add a bank account to your merchant account',
      'issue-token': 'to log in to your merchant account',
      'forgot-password': 'to set a new password for your merchant account',
    },
    code: (deed, at) => `Your code ${deed}${at}:`,
    validity: 'It is valid for ten minutes.',
    warning: 'If you did not ask for it, do not give it to anybody.',
    at: (server) => ` at ${server}`,
  },
  de: {
    subject: 'Ihr Bestätigungscode',
    deeds: {
      'provision-instance': 'um ein Händlerkonto zu eröffnen',
      'change-auth': 'um das Passwort Ihres Händlerkontos zu ändern',
      'delete-instance': 'um Ihr Händlerkonto zu löschen',
      'add-account': 'um Ihrem Händlerkonto ein Bankkonto hinzuzufügen',
      'issue-token': 'um sich an Ihrem Händlerkonto anzumelden',
      'forgot-password': 'um ein neues Passwort für Ihr Händlerkonto zu setzen',
    },
    code: (deed, at) => `Ihr Code, ${deed}${at}:`,
    validity: 'Er gilt zehn Minuten.',
    warning: 'Wenn Sie ihn nicht angefordert haben, geben Sie ihn niemandem.',
    at: (server) => ` (${server})`,
  },
  fr: {
    subject: 'Votre code de confirmation',
    deeds: {
      'provision-instance': 'pour ouvrir un compte marchand',
      'change-auth': 'pour changer le mot de passe de votre compte marchand',
      'delete-instance': 'pour supprimer votre compte marchand',
      'add-account': 'pour ajouter un compte bancaire à votre compte marchand',
      'issue-token': 'pour vous connecter à votre compte marchand',
      'forgot-password': 'pour définir un nouveau mot de passe de votre compte marchand',
    },
    code: (deed, at) => `Votre code ${deed}${at} :`,
    validity: 'Il est valable dix minutes.',
    warning: 'Si vous ne l’avez pas demandé, ne le donnez à personne.',
    at: (server) => ` (${server})`,
  },
};

/** A mail: the code is not in the subject, which locked screens show. */
export function mailOf(message: CodeMessage, language: Language): { subject: string; text: string } {
  const { subject, validity, warning } = WORDS[language];
  return {
    subject,
    text: `${introductionOf(message, language)}\n\n    ${showCode(message.code)}\n\n${validity}\n${warning}\n`,
  };
}

/** The same in one line. */
export function smsOf(message: CodeMessage, language: Language): string {
  const { validity, warning } = WORDS[language];
  return `${introductionOf(message, language)} ${showCode(message.code)}\n${validity} ${warning}\n`;
}

function introductionOf({ operation, server }: CodeMessage, language: Language): string {
  const words = WORDS[language];
  const deed = Object.hasOwn(words.deeds, operation) ? words.deeds[operation as ProtectedOperation] : '';
  return words.code(deed, server === undefined ? '' : words.at(server));
}
