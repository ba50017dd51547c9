import type { Shape } from './start.js';

const WINDOW = { async: 500, batch: 1_000 } as const;

/** Every kind of operation that has to survive: with each policy, message by message and in batches. */
export const SHAPES: readonly Shape[] = (['async', 'batch'] as const).flatMap((sender) => [
  { sender, isIdempotent: true, inDoubt: 'resend', window: sender === 'batch' ? WINDOW.batch : undefined },
  ...(['resend', 'skip', 'hold'] as const).map(
    (inDoubt): Shape => ({ sender, isIdempotent: false, inDoubt, window: WINDOW[sender] }),
  ),
]);
