import { ref, SchemaObject } from './named-schemas';

/** What the operations are grouped by, in the order of the page. */
export const TAGS = [
  { name: 'Configuration', description: 'How clients find out what they talk to.' },
  { name: 'Authentication', description: 'From a password to a token and back.' },
  { name: 'Two-factor authentication', description: 'Codes that come back from the owner of an instance.' },
  { name: 'Instances', description: 'The merchants that share this server.' },
  { name: 'Bank accounts', description: 'Where exchanges wire the money to.' },
  { name: 'KYC', description: 'What exchanges want to know of the merchant.' },
  { name: 'Orders', description: "The shop's side: create an order, ask how it stands." },
  { name: 'Wallet', description: "The wallet's side: claim, pay, prove, ask." },
  { name: 'Legacy', description: 'Kept for shops of 2019.' },
  { name: 'Operation', description: 'For those who run the server.' },
] as const;

/** Meaning of each name that stands in braces in a path. */
export const PATH_PARAMETERS: Readonly<Record<string, { description: string; schema: SchemaObject }>> = {
  instance: {
    description: 'id of the instance',
    schema: { type: 'string', pattern: '^[A-Za-z0-9][A-Za-z0-9_.@-]{1,127}$' },
  },
  id: {
    description: 'id of the instance',
    schema: { type: 'string', pattern: '^[A-Za-z0-9][A-Za-z0-9_.@-]{1,127}$' },
  },
  order_id: {
    description: 'id of the order; unknown ones and those that could be none are answered alike',
    schema: { type: 'string', pattern: '^(?!\\.{1,2}$)[A-Za-z0-9._:-]{1,128}$' },
  },
  session_id: {
    description: 'browser session, as orders and payments name it',
    schema: { type: 'string', minLength: 1, maxLength: 1024 },
  },
  serial: {
    description: 'serial of the token, as the list of tokens tells it',
    schema: { type: 'string', pattern: '^[0-9]{1,19}$' },
  },
  challenge_id: {
    description: 'id of the challenge, as the 202 of the protected operation names it',
    schema: { type: 'string', minLength: 1, maxLength: 128 },
  },
  h_wire: { description: 'hash of the bank account', schema: ref('Base32Of64Bytes') },
};

/** What holds for every operation and is said once. */
export const GENERAL_RULES = `
A merchant backend of GNU Taler, compatible with taler-merchant-httpd.

**Instances.** Operations with two servers exist for the admin instance at the root and for every instance below
\`/instances/$ID\`. Operations with a server of their own exist at the root only.

**Access.** \`x-permission\` names what the scope of the bearer token must grant. \`public\`: no token; what the answer
tells is guarded by the knowledge of a claim token or contract hash, if at all. \`credential\`: the operation judges
the password or token itself. With \`x-instance: admin\` it must be a token of the admin instance.

**Errors.** Every error has the body ErrorDetail; each operation lists its statuses, and for each the codes that come
with it. Besides, any path answers 404 with code 21 (GENERIC_ENDPOINT_UNKNOWN) when it does not exist, and 405 with
code 20 (GENERIC_METHOD_INVALID) and an \`Allow\` header when the method does not exist there. What is no HTTP at all is
answered with 400, 408 or 431 and code 23 (GENERIC_HTTP_HEADERS_MALFORMED), without a request_id, and the connection is
closed.

**Bodies** are JSON in UTF-8 whatever the Content-Type says, at most 8 MiB after inflating (\`Content-Encoding: deflate\`
or \`gzip\`). Unknown members are ignored; an explicit null is the same as an absent member. Answers leave absent members out.

**Every answer** has \`X-Request-Id\`, \`Access-Control-Allow-Origin: *\` and \`Access-Control-Expose-Headers: *\`. OPTIONS is
answered with 204 and the CORS headers for any path; HEAD is answered like GET, without the body.

**Long polling.** The answer is the same as without waiting, only later: at the event, or at the time-out.
`.trim();
