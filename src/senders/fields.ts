import { type ConfigField, parseDuration } from '../component.js';
import type { BackoffOptions } from './backoff.js';
import type { EndpointOptions } from './endpoint.js';

/** What every sender can be told of repeats, limits and a provider that is down. */
export const SENDER_FIELDS = {
  channel: {
    description: 'How messages are handed to the provider.',
    schema: {},
    component: 'channel',
    isRequired: true,
  },
  rate_limit: {
    description: 'Most requests a second, repeats included; 0 for no limit.',
    schema: { type: 'number', minimum: 0, default: 0 },
    tuning: true,
  },
  max_attempts: {
    description: 'Most requests for one message; after the last it is logged as failed.',
    schema: { type: 'integer', minimum: 1, maximum: 100, default: 5 },
  },
  max_elapsed: {
    description: 'Longest time from the first request for a message to its last.',
    schema: { default: '10m' },
    isDuration: true,
  },
  backoff: {
    description:
      'Longest wait before the first repeat. It doubles with each repeat; the wait is random below it (full jitter).',
    schema: { default: '200ms' },
    isDuration: true,
    tuning: true,
  },
  max_backoff: {
    description: 'Longest wait before any repeat, unless the provider asks for more with Retry-After.',
    schema: { default: '30s' },
    isDuration: true,
    tuning: true,
  },
  breaker_failures: {
    description:
      'After so many answers in a row that the provider is down (not reached, or 5xx) sending waits and only probes; 0 for never.',
    schema: { type: 'integer', minimum: 0, maximum: 100_000, default: 20 },
    tuning: true,
  },
  breaker_pause: {
    description: 'Wait before the first probe of a provider that is down; it doubles up to max_backoff.',
    schema: { default: '1s' },
    isDuration: true,
    tuning: true,
  },
  give_up_after: {
    description:
      'How long a provider may be down, or throttle everything, before the run stops and can be started again.',
    schema: { default: '10m' },
    isDuration: true,
    tuning: true,
  },
} as const satisfies Readonly<Record<string, ConfigField>>;

/** The options that a sender's constructor gets of these fields. */
export interface SenderOptions {
  readonly rateLimit?: number;
  readonly maxAttempts?: number;
  readonly maxElapsedMs?: number;
  readonly backoffMs?: number;
  readonly maxBackoffMs?: number;
  readonly breakerFailures?: number;
  readonly breakerPauseMs?: number;
  readonly giveUpAfterMs?: number;
}

/** The options with the defaults of the fields. */
export function withDefaults(
  options: SenderOptions,
): BackoffOptions & Omit<EndpointOptions, 'concurrency' | 'isAdaptive' | 'minConcurrency'> {
  return {
    rateLimit: options.rateLimit ?? SENDER_FIELDS.rate_limit.schema.default,
    maxAttempts: options.maxAttempts ?? SENDER_FIELDS.max_attempts.schema.default,
    maxElapsedMs: options.maxElapsedMs ?? defaultMs('max_elapsed'),
    backoffMs: options.backoffMs ?? defaultMs('backoff'),
    maxBackoffMs: options.maxBackoffMs ?? defaultMs('max_backoff'),
    breakerFailures: options.breakerFailures ?? SENDER_FIELDS.breaker_failures.schema.default,
    breakerPauseMs: options.breakerPauseMs ?? defaultMs('breaker_pause'),
    giveUpAfterMs: options.giveUpAfterMs ?? defaultMs('give_up_after'),
  };
}

function defaultMs(
  field: 'max_elapsed' | 'backoff' | 'max_backoff' | 'breaker_pause' | 'give_up_after',
): number {
  return parseDuration(SENDER_FIELDS[field].schema.default) ?? 0;
}
