import { createInterface } from 'node:readline';
import { Writable } from 'node:stream';

/** As the API bounds it (management.md 4.1). */
const PASSWORD_LENGTH_MAX = 1024;

/**
 * A password from standard input: asked for twice, without showing it, where people type; else the one line there is.
 * Never from the arguments, which every user of the machine can read.
 * @throws Error when it is empty, too long, or typed differently the second time
 */
export async function readPassword(input: NodeJS.ReadStream, prompts: NodeJS.WriteStream): Promise<string> {
  const password = input.isTTY ? await askTwice(input, prompts) : await readLine(input);
  if (password === '') throw new Error('the password is empty');
  if (password.length > PASSWORD_LENGTH_MAX) {
    throw new Error(`the password is longer than ${PASSWORD_LENGTH_MAX} characters`);
  }
  if (password.includes('\0')) throw new Error('the password holds a NUL');
  return password;
}

async function readLine(input: NodeJS.ReadStream): Promise<string> {
  let text = '';
  for await (const chunk of input.setEncoding('utf8')) {
    text += chunk as string;
    if (text.length > 2 * PASSWORD_LENGTH_MAX) break;
  }
  const line = text.replace(/\r?\n$/, '');
  if (/[\r\n]/.test(line)) throw new Error('the password has more than one line');
  return line;
}

async function askTwice(input: NodeJS.ReadStream, prompts: NodeJS.WriteStream): Promise<string> {
  const password = await ask('Password: ', input, prompts);
  if ((await ask('Once more: ', input, prompts)) !== password) throw new Error('the two passwords differ');
  return password;
}

function ask(prompt: string, input: NodeJS.ReadStream, prompts: NodeJS.WriteStream): Promise<string> {
  prompts.write(prompt);
  // What readline would echo goes nowhere.
  const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() });
  const reader = createInterface({ input, output: nowhere, terminal: true });
  return new Promise((resolve, reject) => {
    reader.once('SIGINT', () => reader.close());
    reader.once('close', () => reject(new Error('no password')));
    reader.question('', (answer) => {
      resolve(answer);
      reader.close();
      prompts.write('\n');
    });
  });
}
