/**
 * A slot is one time at which a schedule is due, written as `2026-11-24T09:17Z`: UTC, to the minute. Two local times that
 * daylight saving gives the same name are two slots.
 */
export function slotText(slotMs: number): string {
  return `${new Date(slotMs).toISOString().slice(0, 16)}Z`;
}

/** The time of a slot's text in milliseconds since the epoch; undefined for anything else. */
export function parseSlot(text: string): number | undefined {
  if (!/^\d{4}-\d\d-\d\dT\d\d:\d\dZ$/.test(text)) return undefined;
  const timeMs = Date.parse(text);
  return !Number.isNaN(timeMs) && slotText(timeMs) === text ? timeMs : undefined;
}

/** The id of a schedule's run: `<schedule>@<slot>`. */
export function slotRunId(schedule: string, slotMs: number): string {
  return `${schedule}@${slotText(slotMs)}`;
}
