import type { INestApplicationContext } from '@nestjs/common';
import type { Command } from './command';
import { RotateEncryption } from './rotate-encryption';

export const KEY_COMMANDS: Readonly<Record<string, Command>> = {
  'keys rotate-encryption': { options: {}, positionals: 0, run: rotate },
};

async function rotate(context: INestApplicationContext): Promise<string> {
  const { renewed, failures } = await context.get(RotateEncryption, { strict: false }).run();
  if (failures.length > 0) {
    const lines = failures.map(({ id, reason }) => `\n  ${id}: ${reason}`);
    throw new Error(`encrypted ${renewed} secrets anew; these instances are left:${lines.join('')}`);
  }
  return `encrypted ${renewed} secrets anew; no other key is needed any more\n`;
}
