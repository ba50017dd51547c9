import { InvalidArgumentError } from 'commander';
import { parseTime } from '../runtime/options.js';

const UNIT_MS: Readonly<Record<string, number>> = {
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 24 * 3_600_000,
  w: 7 * 24 * 3_600_000,
};

/** `30d` in milliseconds; also `90s`, `15m`, `24h`, `2w`. */
export function age(text: string): number {
  const [, amount, unit = ''] = /^(\d{1,6})([smhdw])$/.exec(text) ?? [];
  const unitMs = UNIT_MS[unit];
  if (amount === undefined || unitMs === undefined)
    throw new InvalidArgumentError('expected an age such as 30d, 24h, 15m or 2w.');
  return Number(amount) * unitMs;
}

/** A time, or how long ago it was, in milliseconds since the epoch; a day alone begins at midnight UTC. */
export function since(text: string): number {
  const timeMs = parseTime(text) ?? parseTime(`${text}T00:00Z`);
  if (timeMs !== undefined) return timeMs;
  try {
    return Date.now() - age(text);
  } catch {
    throw new InvalidArgumentError('expected an age such as 24h or 7d, a day, or 2026-11-23T20:00+03:00.');
  }
}

/** A whole number from 1. */
export function wholeNumber(text: string): number {
  if (!/^[1-9]\d{0,8}$/.test(text)) throw new InvalidArgumentError('expected a whole number from 1.');
  return Number(text);
}
