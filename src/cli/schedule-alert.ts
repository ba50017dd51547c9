import { hostname } from 'node:os';
import type { Clock } from '../clock.js';
import { postWebhook } from '../observe/webhook.js';
import type { SlotRecord } from '../schedule/history.js';
import type { Schedule } from '../schedule/schedule.js';
import { slotRunId, slotText } from '../schedule/slot.js';
import type { Session } from './session.js';

/** Sends the alert of a slot to the schedule's webhook. Throws where it could not be delivered. */
export async function sendSlotAlert(
  schedule: Schedule,
  slot: SlotRecord,
  { env, clock }: { readonly env: Session['env']; readonly clock: Clock },
): Promise<void> {
  const { alert, owner, project, name } = schedule;
  if (alert === undefined || slot.alert === null) return;
  await postWebhook(
    { name: alert.webhook, url: env[alert.webhook] },
    {
      event: slot.alert,
      schedule: name,
      slot: slotText(slot.slotMs),
      run_id: slotRunId(name, slot.slotMs),
      operation: slot.operation,
      version: slot.version,
      owner: owner ?? null,
      project: project ?? null,
      exit_code: slot.exitCode,
      reason: slot.reason,
      host: hostname(),
      time: new Date(clock.now()).toISOString(),
    },
    clock,
  );
}

/** A line for each webhook whose address is nowhere. */
export function alertWarnings(schedules: readonly Schedule[], env: Session['env']): string[] {
  const missing = new Map<string, string[]>();
  for (const { name, alert } of schedules) {
    if (alert === undefined || (env[alert.webhook] ?? '') !== '') continue;
    missing.set(alert.webhook, [...(missing.get(alert.webhook) ?? []), name]);
  }
  return [...missing].map(
    ([variable, names]) => `${variable} is not set: no alerts are sent for ${names.join(', ')}`,
  );
}
