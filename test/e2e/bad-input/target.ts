import type { Fingerprint } from './fingerprint';
import { checkProperty } from './fuzz';
import { Mutation, mutation } from './mutations';
import { changedTables, judgeReply } from './oracle';
import type { RawClient, RawReply } from './raw-client';

/** An endpoint with a body, and a request that it accepts. */
export interface Target {
  /** POST when not said. */
  readonly method?: string;
  /** With leading slash. */
  path(): string;
  readonly headers?: Readonly<Record<string, string>>;
  /** A body that is accepted as things stand. */
  valid(): unknown;
  /** Members that the valid body leaves out. */
  readonly names?: readonly string[];
  /** Called after each success with what was sent and answered: makes `valid` valid again. */
  renew(reply: RawReply): Promise<void>;
  /** Tables that an error with this code changes after all, because the reference says so. */
  mayChange?(code: number): readonly string[];
}

interface Tools {
  readonly client: RawClient;
  readonly fingerprint: () => Promise<Fingerprint>;
}

/**
 * Shows that the target accepts its valid request, and then that no malformed variant of it makes the server fail,
 * hang, answer in another shape than that of an error, or store anything.
 */
export async function attack(target: Target, { client, fingerprint }: Tools): Promise<void> {
  const send = (body: Buffer) =>
    client.send({
      method: target.method ?? 'POST',
      path: target.path(),
      headers: { 'content-type': 'application/json', ...target.headers },
      body,
    });
  const accepted = await send(Buffer.from(JSON.stringify(target.valid())));
  if (accepted.status >= 300)
    throw new Error(`the valid request is refused: ${accepted.status} ${accepted.text}`);
  await target.renew(accepted);

  let before = await fingerprint();
  let refused = 0;
  await checkProperty(mutation(target.names), async (spoil: Mutation) => {
    const body = spoil.apply(target.valid());
    const shown = `${target.path()} ${body.toString('utf8').slice(0, 3000)}`;
    try {
      const reply = await send(body);
      const { code } = judgeReply(reply, 'POST');
      const after = await fingerprint();
      if (code === undefined) {
        await target.renew(reply);
        before = await fingerprint();
        return;
      }
      refused++;
      const allowed = target.mayChange?.(code) ?? [];
      const changed = changedTables(before, after).filter((table) => !allowed.includes(table));
      before = after;
      if (changed.length > 0) throw new Error(`code ${code}, and yet ${changed.join(', ')} changed`);
    } catch (error) {
      throw new Error(`${(error as Error).message}\nafter POST ${shown}`, { cause: error });
    }
  });
  // A property that refuses nothing has tested nothing.
  expect(refused).toBeGreaterThan(0);
}
