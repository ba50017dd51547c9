/**
 * When the slot that a runner is started for was started first, in milliseconds since the epoch: set by what starts it again
 * after a failure (`cli/unit-starts.ts`). A slot and its deadline are judged as of then, so that a further start goes on with the
 * same run, also when the next slot has come.
 */
export const FIRST_START = 'RTN_FIRST_START';

/** The first start of the slot, or now where nobody says. */
export function firstStartMs(
  environment: Readonly<Record<string, string | undefined>>,
  nowMs: number,
): number {
  const text = environment[FIRST_START] ?? '';
  return /^\d{1,15}$/.test(text) ? Math.min(Number(text), nowMs) : nowMs;
}
