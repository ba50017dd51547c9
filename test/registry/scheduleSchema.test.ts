import { expect, test } from 'vitest';
import { SCHEDULES_SCHEMA } from '../../src/registry/scheduleSchema.js';
import { scheduleOf } from '../../src/schedule/entry.js';
import { ALERT_EVENTS, CATCH_UPS, OVERLAPS } from '../../src/schedule/schedule.js';

const { properties } = (
  SCHEDULES_SCHEMA as unknown as {
    properties: { schedules: { additionalProperties: { properties: Record<string, Property> } } };
  }
).properties.schedules.additionalProperties;

interface Property {
  readonly enum?: readonly string[];
  readonly default?: unknown;
  readonly items?: Property;
  readonly properties?: Record<string, Property>;
}

test('the words that the schema takes are those that schedules know', () => {
  const events = properties.alert?.properties?.events;
  expect(properties.overlap?.enum).toEqual(OVERLAPS);
  expect(properties.catch_up?.enum).toEqual(CATCH_UPS);
  expect(events?.items?.enum).toEqual(ALERT_EVENTS);
});

test('the defaults that the schema tells are those that a schedule gets', () => {
  const made = scheduleOf('driver_push', 'night', {
    ...{ version: '1.4.10', cron: '0 5 * * *', alert: { webhook: 'HOOK' } },
  });
  expect({
    time_zone: properties.time_zone?.default,
    overlap: properties.overlap?.default,
    catch_up: properties.catch_up?.default,
    paused: properties.paused?.default,
    attempts: properties.retries?.properties?.attempts?.default,
    pause: properties.retries?.properties?.pause?.default,
    events: properties.alert?.properties?.events?.default,
  }).toEqual({
    ...{ time_zone: made.timeZone, overlap: made.overlap, catch_up: made.catchUp, paused: made.isPaused },
    ...{ attempts: made.retries.attempts, pause: `${made.retries.pauseMs / 60_000}m` },
    events: made.alert?.events,
  });
});
