import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { temporaryFolder } from '../setup/yt.js';

const ROOT = join(import.meta.dirname, '..', '..');

test('a dry run of drivers_sms counts the segments of what would be sent, and prices them', () => {
  const folder = temporaryFolder();
  const rows = [
    { message_id: 'a', phone: '+79991234567', text: 'a'.repeat(161) },
    { message_id: 'b', phone: '+79991234568', text: 'я'.repeat(71) },
    { message_id: 'c', phone: '+79991234569', text: '€' },
    { message_id: 'd', phone: 'none', text: 'a'.repeat(1_000) },
  ];
  writeFileSync(join(folder, 'rows.ndjson'), rows.map((row) => JSON.stringify(row)).join('\n'));
  const run = (...flags: string[]) =>
    spawnSync(
      process.execPath,
      [join(ROOT, 'dist', 'cli', 'main.js'), 'run', 'drivers_sms', '--', '--dry-run', '--recipients']
        .concat([`file:${folder}/rows.ndjson`, '--endpoint', 'https://sms.example', '--sender-name', 'Taxi'])
        .concat(flags),
      { cwd: ROOT, encoding: 'utf8', env: { PATH: process.env.PATH, SMS_TOKEN: 'opaque' } },
    ).stdout;
  const counted = 'SMS: 5 segments of 3 texts (2 GSM-7, 1 UCS-2; at most 2 in one)';
  expect(run()).toContain(`${counted}\n`);
  const priced = run('--price-per-segment', '0.035');
  expect(priced).toContain(`${counted}: 0.175 at 0.035 a segment\n`);
  expect(priced).not.toContain('7999');
});
