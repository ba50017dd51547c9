import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { testDatabase } from '../setup/database.js';
import { localCluster, temporaryFolder } from '../setup/yt.js';
import { disagreements } from './agreement.js';
import { OPERATIONS } from './cases.js';
import type { InputKind } from './inputs.js';
import type { LogKind } from './logs.js';
import { runOperation } from './run.js';

// Every operation that sends, as it is published: its generated runner as a process of its own, 10,000 rows, to a provider
// that throttles, fails, cuts connections, is slow, refuses some and chokes on one. Between them the cases cover each kind
// of input and each kind of log; all of them with all of them: `npm run soak -- matrix`.

const ROOT = join(import.meta.dirname, '..', '..');

const LOCATIONS: Readonly<Record<string, readonly [InputKind, LogKind]>> = {
  'driver_push@1.4.10': ['ndjson', 'pg'],
  'user_push@1.3.0': ['csv.gz', 'file'],
  'promotions@1.4.8': ['yt', 'yt'],
  'promotions@1.4.5-dev': ['pg', 'file'],
  'taxi_upload@1.4.8': ['yt', 'yt'],
  'taxi_exp@1.4.6': ['csv', 'yt'],
  'coupons_activate@1.4.4': ['pg', 'pg'],
  'taximeter_wall@1.2.10': ['ndjson.gz', 'yt'],
  'drivers_sms@0.0.3': ['stdin', 'pg'],
};

const database = testDatabase();

describe('ten thousand rows to a provider with faults', () => {
  test.for(
    OPERATIONS.map((sending) => {
      const [input, log] = LOCATIONS[sending.operation] ?? ['ndjson', 'file'];
      return [`${sending.operation}, ${input} to ${log}`, { sending, input, log }] as const;
    }),
  )(
    '%s: the log agrees with the receipts, and tells neither a body nor a secret',
    { timeout: 90_000 },
    async ([, { sending, input, log }]) => {
      const cluster = input === 'yt' || log === 'yt' ? await localCluster() : undefined;
      const surroundings = { root: ROOT, folder: temporaryFolder(), database, cluster };
      const run = await runOperation(sending, { input, log }, surroundings);
      expect(disagreements(sending, run)).toEqual([]);
      const [lost, ...rest] = run.log;
      expect(disagreements(sending, { ...run, log: rest })).toContainEqual(
        expect.stringContaining(`log: 1 (${lost?.position} ${lost?.outcome}) missing`),
      );
    },
  );
});
