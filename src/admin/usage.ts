/** What the command says when it is not understood. */
export const USAGE = `Usage: taler-merchant-admin COMMAND (or: npm run admin -- COMMAND)

  instance create ID [--name NAME]    a new instance; its password is read from standard input
  instance passwd ID                  sets the password, read from standard input; revokes all tokens;
                                      creates the instance "admin" where it is missing
  instance list                       id, state and name of every instance
  instance purge ID --yes             removes the instance and everything that it ever had
  token issue ID --scope SCOPE [--days DAYS | --forever] [--description TEXT]
                                      prints a new login token; valid for a day unless told otherwise
  token list ID                       serial, scope, expiration and description of every token that is valid
  token revoke ID SERIAL|all          ends one of them, or all
  keys rotate-encryption              encrypts all stored secrets with TALER_KEY_ENCRYPTION_KEY; those of the key before
                                      it need TALER_KEY_ENCRYPTION_KEY_OLD, here and at all servers while it runs

The configuration is that of the server: DATABASE_URL and so on. Exit codes: 0 done, 1 failed, 2 not understood.
`;

/** The command line says nothing that we know. */
export class UsageError extends Error {}
