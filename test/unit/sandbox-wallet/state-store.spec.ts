import { chmod, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { emptyState, parseState } from '../../../sandbox/wallet/state';
import { FileStateStore } from '../../../sandbox/wallet/state-store';
import { CoinMint } from './coin-mint';

const DEAD_PID = 2 ** 22 + 1; // above the largest process id of Linux

let directory: string;
let file: string;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'wallet-store-'));
  file = join(directory, 'deeper', 'wallet.json');
});

afterEach(async () => {
  await rm(directory, { recursive: true, force: true });
});

const mint = new CoinMint('http://exchange.example/');

function addCoin(store: FileStateStore): void {
  const [coin] = mint.coins({ value: 'KUDOS:1', fee: 'KUDOS:0' }).coins;
  if (coin !== undefined) store.state.coins[coin.coinPub] = coin;
}

describe('FileStateStore', () => {
  it('gives back what was saved', async () => {
    const store = await FileStateStore.open(file);
    addCoin(store);
    await store.save();
    await store.close();
    const again = await FileStateStore.open(file);
    expect(again.state).toEqual(store.state);
    expect(Object.keys(again.state.coins)).toHaveLength(1);
    await again.close();
  });

  it('lets only the owner read the private keys', async () => {
    const store = await FileStateStore.open(file);
    await store.save();
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    await chmod(file, 0o644);
    await store.save();
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    await store.close();
  });

  it('never shows a half-written file, and leaves nothing aside', async () => {
    const store = await FileStateStore.open(file);
    await store.save();
    const saves: Promise<void>[] = [];
    let reads = 0;
    let isDone = false;
    const reader = (async () => {
      while (!isDone) {
        parseState(await readFile(file, 'utf8'));
        reads += 1;
      }
    })();
    for (let i = 0; i < 40; i++) {
      addCoin(store);
      saves.push(store.save());
      if (i % 8 === 0) await store.save();
    }
    await Promise.all(saves);
    isDone = true;
    await reader;
    expect(reads).toBeGreaterThan(0);
    expect(Object.keys(parseState(await readFile(file, 'utf8')).coins)).toHaveLength(40);
    await store.close();
    expect(await readdir(join(directory, 'deeper'))).toEqual(['wallet.json']);
  });

  it('saves what was changed before the call, even while another save is being written', async () => {
    const store = await FileStateStore.open(file);
    const first = store.save();
    await Promise.resolve();
    addCoin(store);
    await store.save();
    expect(Object.keys(parseState(await readFile(file, 'utf8')).coins)).toHaveLength(1);
    await first;
    await store.close();
  });

  it('removes what a crashed writer left aside', async () => {
    const store = await FileStateStore.open(file);
    addCoin(store);
    await store.save();
    await writeFile(`${file}.0123.tmp`, '{"version":1,"coi');
    await store.close();
    const again = await FileStateStore.open(file);
    expect(Object.keys(again.state.coins)).toHaveLength(1);
    await again.close();
    expect(await readdir(join(directory, 'deeper'))).toEqual(['wallet.json']);
  });

  it('refuses a file that is not a whole wallet, and does not touch it', async () => {
    const store = await FileStateStore.open(file);
    await store.save();
    await store.close();
    for (const text of ['', '{"version":1', '{"version":2}', '{"version":1,"coins":{}}', '[]']) {
      await writeFile(file, text);
      await expect(FileStateStore.open(file)).rejects.toMatchObject({ kind: 'state-damaged' });
      expect(await readFile(file, 'utf8')).toBe(text);
    }
    await writeFile(file, JSON.stringify({ ...emptyState(), coins: { x: { coinPriv: 'x' } } }));
    await expect(FileStateStore.open(file)).rejects.toMatchObject({ kind: 'state-damaged' });
    expect(await readdir(join(directory, 'deeper'))).toEqual(['wallet.json']);
  });

  it('keeps a second user out until the first lets go', async () => {
    const first = await FileStateStore.open(file);
    await expect(FileStateStore.open(file, 100)).rejects.toMatchObject({ kind: 'wallet-locked' });
    const waiting = FileStateStore.open(file, 60_000);
    await first.close();
    await (await waiting).close();
  });

  it('breaks the lock of a process that is gone, but not that of another host', async () => {
    const store = await FileStateStore.open(file);
    await store.close();
    await writeFile(`${file}.lock`, JSON.stringify({ pid: DEAD_PID, host: hostname() }));
    await (await FileStateStore.open(file, 0)).close();
    await writeFile(`${file}.lock`, JSON.stringify({ pid: process.pid, host: hostname() }));
    await (await FileStateStore.open(file, 0)).close();
    await writeFile(`${file}.lock`, JSON.stringify({ pid: DEAD_PID, host: 'elsewhere.example' }));
    await expect(FileStateStore.open(file, 0)).rejects.toMatchObject({ kind: 'wallet-locked' });
  });

  it('lets exactly one of many in when they all find the lock of a dead process', async () => {
    const store = await FileStateStore.open(file);
    await store.close();
    await writeFile(`${file}.lock`, JSON.stringify({ pid: DEAD_PID, host: hostname() }));
    const outcomes = await Promise.allSettled(
      Array.from({ length: 8 }, () => FileStateStore.open(file, 200)),
    );
    const winners = outcomes.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value] : []));
    expect(winners).toHaveLength(1);
    await winners[0]?.close();
  });
});
