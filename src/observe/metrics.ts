import type { Registry } from 'prom-client';
import type { Clock } from '../clock.js';
import type { PipelineQueues, SendingState } from '../pipeline/contract.js';
import type { Counts } from '../pipeline/counts.js';
import type { Outstanding } from '../pipeline/outstanding.js';
import type { SendResult } from '../pipeline/record.js';

/** What a run's metrics are read from. */
export interface MetricSources {
  readonly clock: Clock;
  readonly counts: Counts;
  readonly outstanding: Outstanding;
  readonly labels: Readonly<Record<'operation' | 'version' | 'runner', string>>;
  /** Once rows are read. */
  queues?: PipelineQueues;
  /** Once something is sent. */
  sending?: SendingState;
}

export interface Metrics {
  readonly contentType: string;
  text(): Promise<string>;
  /** Takes note of durable results, for the histogram: all else is read when somebody asks. */
  note(results: readonly SendResult[]): void;
}

type Values = readonly (readonly [labels: Record<string, string>, value: number])[];

const DURATION_BUCKETS_S = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 600];

const BREAKER_STATES = { closed: 0, 'half-open': 1, open: 2 } as const;

/** Metrics in the Prometheus text format. Only who calls this pays for the library. No label names a recipient or message. */
export async function openMetrics(sources: MetricSources): Promise<Metrics> {
  const { Histogram, Registry } = (await import('prom-client')).default;
  const registry = new Registry();
  await register(registry, sources);
  const durations = new Histogram({
    name: 'rtn_send_duration_seconds',
    help: 'Time from the first request for a message to its outcome, repeats and waits included.',
    buckets: DURATION_BUCKETS_S,
    registers: [registry],
  });
  return {
    contentType: registry.contentType,
    text: () => registry.metrics(),
    note(results) {
      for (const { attempts, startedAtMs, finishedAtMs } of results)
        if (attempts > 0) durations.observe(Math.max(0, finishedAtMs - startedAtMs) / 1_000);
    },
  };
}

async function register(registry: Registry, sources: MetricSources): Promise<void> {
  const { Counter, Gauge } = (await import('prom-client')).default;
  const { counts, clock, outstanding } = sources;
  const gauge = (name: string, help: string, read: () => Values, labelNames: string[] = []) =>
    new Gauge({
      name,
      help,
      labelNames,
      registers: [registry],
      collect() {
        for (const [labels, value] of read()) this.set(labels, value);
      },
    });
  const counter = (name: string, help: string, read: () => Values, labelNames: string[] = []) =>
    new Counter({
      name,
      help,
      labelNames,
      registers: [registry],
      collect() {
        this.reset();
        for (const [labels, value] of read()) this.inc(labels, value);
      },
    });
  const one = (value: number): Values => [[{}, value]];
  const each = (values: Readonly<Record<string, number>>, label: string): Values =>
    Object.entries(values).map(([name, value]) => [{ [label]: name }, value]);
  const ofQueues = (what: 'length' | 'capacity'): Values =>
    Object.entries(sources.queues ?? {}).map(([queue, state]) => [{ queue }, state[what]]);

  gauge('rtn_info', 'Which runner this is.', () => [[sources.labels, 1]], Object.keys(sources.labels));
  counter('rtn_rows_read_total', 'Rows taken from the input.', () => one(counts.read));
  counter('rtn_results_total', 'Results in the log, by outcome.', () => each(counts.logged, 'outcome'), [
    'outcome',
  ]);
  counter('rtn_results_spilled_total', 'Results that the log did not take and the spill file did.', () =>
    one(counts.spilled),
  );
  counter('rtn_results_lost_total', 'Results that could be written nowhere.', () => one(counts.lost));
  counter('rtn_requests_total', 'Requests to the provider, repeats included.', () => one(counts.attempts));
  counter('rtn_retries_total', 'Repeats among the requests.', () => one(counts.retries));
  counter('rtn_throttled_total', 'Answers that asked to slow down.', () => one(counts.throttled));
  counter('rtn_breaker_pauses_total', 'How often sending stood still because the provider was down.', () =>
    one(counts.breakerPauses),
  );
  gauge('rtn_in_flight', 'Requests under way.', () => one(counts.inFlight));
  gauge('rtn_in_flight_limit', 'Most requests that may be under way for now.', () =>
    one(sources.sending?.limit ?? 0),
  );
  gauge(
    'rtn_limiter_wait_seconds',
    'How long the rate limit or a cool-down holds back the next request.',
    () => one((sources.sending?.waitMs(clock.monotonic()) ?? 0) / 1_000),
  );
  gauge('rtn_breaker_state', 'Circuit breaker: 0 closed, 1 half-open (a probe is under way), 2 open.', () =>
    one(BREAKER_STATES[sources.sending?.breaker ?? 'closed']),
  );
  gauge('rtn_queue_length', 'What waits in a queue between two stages.', () => ofQueues('length'), ['queue']);
  gauge('rtn_queue_capacity', 'What a queue can hold.', () => ofQueues('capacity'), ['queue']);
  gauge('rtn_unlogged_rows', 'Rows that were taken and have no result in the log yet.', () =>
    one(outstanding.size),
  );
  gauge('rtn_oldest_unlogged_seconds', 'Age of the oldest of them.', () =>
    one((clock.monotonic() - (outstanding.oldestMs ?? clock.monotonic())) / 1_000),
  );
}
