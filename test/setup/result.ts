import type { SendResult } from '../../src/pipeline/record.js';

/** A result that went well, for tests of logs. */
export function sentResult(position: number, overrides: Partial<SendResult> = {}): SendResult {
  return {
    outcome: 'sent',
    messageId: `m${position}`,
    position,
    recipient: 'driver',
    channel: 'http',
    attempts: 1,
    httpStatus: 200,
    providerId: null,
    errorCode: null,
    errorText: null,
    suppress: false,
    startedAtMs: Date.UTC(2026, 0, 1),
    finishedAtMs: Date.UTC(2026, 0, 1, 0, 0, 1),
    ...overrides,
  };
}
