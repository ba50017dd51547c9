import { type MetricSources, type Metrics, openMetrics } from '../observe/metrics.js';
import { type Readiness, type StatusAddress, startStatusServer } from '../observe/status-server.js';
import type { PipelineQueues, SendingState } from '../pipeline/contract.js';
import type { Ending } from '../pipeline/ending.js';

/** A run that can be looked at over HTTP. Its file is only loaded where that was asked for. */
export interface Watch {
  readonly origin: string;
  readonly metrics: Metrics;
  sees(sending: SendingState): void;
  /** Everything is open: from now on it is ready. */
  started(queues: PipelineQueues): void;
  close(): Promise<void>;
}

/** Listens before anything is opened. It is no longer ready from the moment an end is asked for: then reading stops. */
export async function openWatch(
  address: StatusAddress,
  { endSignal }: Ending,
  sources: MetricSources,
): Promise<Watch> {
  const metrics = await openMetrics(sources);
  let hasStarted = false;
  const readiness = (): Readiness => (endSignal.aborted ? 'draining' : hasStarted ? 'ready' : 'opening');
  const server = await startStatusServer(address, { readiness, metrics });
  return {
    origin: server.origin,
    metrics,
    sees(sending) {
      sources.sending = sending;
    },
    started(queues) {
      sources.queues = queues;
      hasStarted = true;
    },
    close: () => server.close(),
  };
}
