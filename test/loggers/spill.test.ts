import { readFileSync, statSync, symlinkSync } from 'node:fs';
import { expect, test } from 'vitest';
import { SpillFile } from '../../src/loggers/spill.js';
import type { SendResult } from '../../src/pipeline/record.js';
import { testRun } from '../setup/run.js';

const RESULT: SendResult = {
  outcome: 'sent',
  messageId: 'm\n1',
  position: 1,
  recipient: 'd',
  channel: 'http',
  attempts: 1,
  httpStatus: 200,
  providerId: null,
  errorCode: null,
  errorText: null,
  suppress: false,
  startedAtMs: 0,
  finishedAtMs: 1,
};

test('a header says what it belongs to; results are appended as one line of JSON each, readable by their owner alone', async () => {
  const run = testRun({ id: '../x/y' });
  const file = new SpillFile(run, 'pg:driver_push_log');
  await file.append([RESULT]);
  await file.append([RESULT, { ...RESULT, position: 2 }]);
  const [header, ...lines] = readFileSync(file.path, 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
  expect(lines.map(({ run_id, message_id, position }) => [run_id, message_id, position])).toEqual(
    [1, 1, 2].map((position) => ['../x/y', 'm\n1', position]),
  );
  expect(header).toEqual({
    form: 'rtn-spill/v1',
    run_id: '../x/y',
    operation: 'driver_push',
    version: '1.4.10',
    digest: run.digest,
    log: 'pg:driver_push_log',
  });
  expect(statSync(file.path).mode & 0o777).toBe(0o600);
  expect(file.path.startsWith(run.stateDir)).toBe(true);
});

test('a folder that cannot be written is told with how many results it costs', async () => {
  const run = testRun();
  const file = new SpillFile({ ...run, stateDir: '/dev/null/x' }, 'pg:x');
  await expect(file.append([RESULT])).rejects.toMatchObject({
    code: 'storage',
    message: expect.stringContaining('1 results'),
  });
});

test.runIf(process.platform === 'linux')(
  'a disk that is full is told, with how many results it costs',
  async () => {
    const run = testRun();
    const file = new SpillFile(run, 'pg:x');
    symlinkSync('/dev/full', file.path);
    await expect(file.append([RESULT, RESULT])).rejects.toMatchObject({
      code: 'storage',
      message: expect.stringMatching(/^2 results could be written neither .*: ENOSPC/),
    });
  },
);
