import { describe, expect, test } from 'vitest';
import { httpChannel } from '../../src/channels/http.js';
import type { Channel } from '../../src/pipeline/contract.js';
import { newCounts } from '../../src/pipeline/counts.js';
import { Ending } from '../../src/pipeline/ending.js';
import { runPipeline } from '../../src/pipeline/pipeline.js';
import type { Row } from '../../src/pipeline/record.js';
import { Rehearsal } from '../../src/runtime/rehearsal.js';
import { asyncSender } from '../../src/senders/async.js';
import { testKeep } from '../setup/keep.js';
import { testRun } from '../setup/run.js';

const ROW = { type: 'object', properties: { phone: { type: 'string', 'x-sensitive': true } } };

async function rehearse(channel: Channel, rows: readonly Row[], secrets: Record<string, string> = {}) {
  const counts = newCounts();
  const rehearsal = new Rehearsal(asyncSender({ channel }).outline, ROW, secrets, {});
  const reader = {
    isEndless: false,
    total: rows.length,
    open: async () => {},
    close: async () => {},
    read: async (out: Parameters<import('../../src/pipeline/contract.js').Reader['read']>[0]) => {
      await out.sendMany(rows.map((row, position) => ({ position, row })));
    },
  };
  const exitCode = await runPipeline(
    { reader, sender: rehearsal.sender(), logger: rehearsal.logger() },
    testRun(),
    {
      input: { key: 'id', row: ROW },
      keep: testKeep(),
      ending: new Ending(),
      counts,
      drainTimeoutMs: 1_000,
      spill: async () => {},
    },
  );
  return { exitCode, counts, rehearsal };
}

describe('a rehearsal', () => {
  test('shows the values of sensitive columns as digests, and secrets by their names', async () => {
    const channel = httpChannel({
      url: (row) => `https://sms.example/${encodeURIComponent(String(row.phone))}?key=s%2Fs`,
      headers: { 'x-key': 's/s' },
      body: (row: Row) => ({ to: row.phone, nested: [{ phone: row.phone }], id: row.id }),
      outcomes: { sent: [200] },
    });
    const { rehearsal } = await rehearse(channel, [{ id: 'a', phone: '+79161234567' }], { KEY: 's/s' });
    const [sample] = rehearsal.samples;
    const text = JSON.stringify(sample);
    expect(text).not.toMatch(/79161234567|s\/s|s%2Fs/);
    expect(sample?.lines[0]).toMatch(/^POST https:\/\/sms\.example\/sha256%3A[0-9a-f]{32}\?key=‹KEY›$/);
    expect(sample?.lines).toContain('x-key: ‹KEY›');
    expect(text).toContain('sha256:');
  });

  test('renders every row: those that make no request are rejected with the reason', async () => {
    const channel = httpChannel({
      url: 'https://push.example/',
      headers: (row: Row) => ({ 'x-name': String(row.name) }),
      outcomes: { sent: [200] },
    });
    const rows = [
      { id: 'a', name: 'ok' },
      { id: 'b', name: 'x\r\ny: z' },
      { id: 'c', name: 'ok' },
    ];
    const { counts, rehearsal } = await rehearse(channel, rows);
    expect(counts.logged).toMatchObject({ sent: 2, rejected: 1 });
    expect(rehearsal.reasons).toMatchObject([{ errorCode: 'unsendable_row', position: 1, count: 1 }]);
  });

  test('neither opens nor calls the channel, and says when it cannot be previewed', async () => {
    const never = () => {
      throw new Error('contacted');
    };
    const channel: Channel = { key: 'own', open: never, send: never, close: never };
    const { exitCode, counts, rehearsal } = await rehearse(channel, [{ id: 'a' }]);
    expect(exitCode).toBe(0);
    expect(counts.logged.sent).toBe(1);
    expect(rehearsal.canPreview).toBe(false);
    expect(rehearsal.samples).toEqual([]);
  });
});
