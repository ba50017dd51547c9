import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, onTestFinished, test } from 'vitest';
import { testDatabase } from '../setup/database.js';
import { outcomeText, runCampaign } from './campaign.js';
import { SHAPES } from './shapes.js';
import { fileStore } from './stores/file.js';
import { postgresStore } from './stores/postgres.js';
import type { Store } from './stores/store.js';
import { ytStore } from './stores/yt.js';

// Runners that are killed at random times and started again, until they end: then the provider's receipts, the log and
// the ledger must agree for each message. `npm run soak -- kills` sets KILLS, for long: see scripts/soak/kills.mjs.

interface Settings {
  readonly store: string;
  readonly policy?: string;
  readonly sender?: string;
  readonly kills: number;
  readonly rows: number;
  readonly seed: number;
}

// More rows than a segment of the ledger holds.
const SHORT: Settings = { store: 'pg', kills: 2, rows: 9_000, seed: 1 };
const settings: Settings =
  process.env.KILLS === undefined ? SHORT : { ...SHORT, ...JSON.parse(process.env.KILLS) };

const database = testDatabase();
const folder = mkdtempSync(join(tmpdir(), 'rtn-kills-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const STORES: Readonly<Record<string, () => Store | Promise<Store>>> = {
  pg: () => postgresStore(database.url),
  file: fileStore,
  yt: () => ytStore(join(folder, 'yt')),
};

const wanted = SHAPES.filter(
  ({ inDoubt, sender, isIdempotent }) =>
    [undefined, isIdempotent ? 'idempotent' : inDoubt].includes(settings.policy) &&
    (settings.sender ?? sender) === sender,
);

describe('killed again and again, every message is accounted for', () => {
  test.for(wanted)('$sender, idempotent: $isIdempotent, $inDoubt', { timeout: 0 }, async (shape) => {
    const store = await (STORES[settings.store] ?? fileStore)();
    onTestFinished(() => store.close());
    const { kills, rows, seed } = settings;
    const outcome = await runCampaign({ store, shape, rows, kills, seed, folder });
    process.stdout.write(`${outcomeText(store.name, shape, outcome)}; seed ${seed}\n`);
    expect(outcome.broken).toEqual([]);
    expect(outcome.kills).toBe(kills);
  });
});
