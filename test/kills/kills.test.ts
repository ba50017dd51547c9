import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { testDatabase } from '../setup/database.js';
import { outcomeText, runCampaign } from './campaign.js';
import { SHAPES } from './shapes.js';
import { postgresStore } from './stores.js';

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

const SHORT: Settings = { store: 'pg', kills: 3, rows: 4_000, seed: 1 };
const settings: Settings =
  process.env.KILLS === undefined ? SHORT : { ...SHORT, ...JSON.parse(process.env.KILLS) };

const database = testDatabase();
const folder = mkdtempSync(join(tmpdir(), 'rtn-kills-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const wanted = SHAPES.filter(
  ({ inDoubt, sender, isIdempotent }) =>
    [undefined, isIdempotent ? 'idempotent' : inDoubt].includes(settings.policy) &&
    [undefined, sender].includes(settings.sender),
);

describe('killed again and again, every message is accounted for', () => {
  test.for(wanted)('$sender, idempotent: $isIdempotent, $inDoubt', { timeout: 0 }, async (shape) => {
    const store = postgresStore(database.url);
    const { kills, rows, seed } = settings;
    const outcome = await runCampaign({ store, shape, rows, kills, seed, folder });
    await store.close();
    process.stdout.write(`${outcomeText(store.name, shape, outcome)}; seed ${seed}\n`);
    expect(outcome.broken).toEqual([]);
    expect(outcome.kills).toBe(kills);
  });
});
