import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { systemClock } from '../clock.js';
import { foreignCode, oneLine, RtnError, toRtnError } from '../error.js';
import { commandExit } from '../exit.js';
import { postWebhook } from '../observe/webhook.js';

/**
 * The process behind `rtn-SCHEDULE-alert.service`, which systemd starts when a schedule's unit has failed for good:
 * `unit-alert.js WEBHOOK SCHEDULE OPERATION VERSION OWNER PROJECT`, with the address in the file of `RTN_ALERT_FILE`. How the
 * unit ended comes from systemd (MONITOR_*, since 251).
 */
async function main(words: readonly string[], env: NodeJS.ProcessEnv): Promise<void> {
  const [name = '', schedule = '', operation = '', version = '', owner = '', project = ''] = words;
  const status = Number(env.MONITOR_EXIT_STATUS);
  await postWebhook(
    { name, url: addressIn(env.RTN_ALERT_FILE ?? '', name) },
    {
      event: 'failed',
      schedule,
      slot: null,
      run_id: null,
      operation,
      version,
      owner: owner || null,
      project: project || null,
      exit_code: env.MONITOR_EXIT_CODE === 'exited' && Number.isInteger(status) ? status : null,
      reason: reasonOf(env),
      host: hostname(),
      time: new Date(systemClock.now()).toISOString(),
    },
    systemClock,
  );
}

/** `exit-code: exited 65; journalctl -u rtn-weekly.service`. */
function reasonOf(env: NodeJS.ProcessEnv): string {
  const {
    MONITOR_SERVICE_RESULT: result = 'failed',
    MONITOR_EXIT_CODE: code,
    MONITOR_EXIT_STATUS: status,
  } = env;
  const ended = code === undefined ? result : `${result}: ${code} ${status ?? ''}`;
  const unit = env.MONITOR_UNIT;
  return oneLine(unit === undefined ? ended : `${ended}; journalctl -u ${unit}`);
}

function addressIn(file: string, name: string): string {
  try {
    return readFileSync(file, 'utf8').trim();
  } catch (thrown) {
    throw new RtnError(
      'configuration',
      `the alert was not sent: the file with ${name} cannot be read (${foreignCode(thrown) ?? 'unreadable'})`,
    );
  }
}

await main(process.argv.slice(2), process.env).catch((thrown: unknown) => {
  const error = toRtnError(thrown);
  process.stderr.write(`error: ${error.message}\n${error.next === undefined ? '' : `next: ${error.next}\n`}`);
  process.exitCode = commandExit(error.code);
});
