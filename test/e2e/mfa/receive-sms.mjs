// Stands for the program that an operator configures to send SMS: notes how it was called in the folder that is its
// first argument. A file "fail" or "hang" there makes it do so.
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const [folder, ...rest] = process.argv.slice(2);
const call = { arguments: rest, message: readFileSync(0, 'utf8'), environment: Object.keys(process.env) };
// In the order of the calls, also by the letters of the names.
const name = join(folder, String(process.hrtime.bigint()).padStart(20, '0'));
writeFileSync(`${name}.part`, JSON.stringify(call));
renameSync(`${name}.part`, `${name}.json`);
if (existsSync(join(folder, 'hang'))) setInterval(() => undefined, 1_000);
else process.exitCode = existsSync(join(folder, 'fail')) ? 3 : 0;
