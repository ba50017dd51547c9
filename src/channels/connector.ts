import type { buildConnector } from 'undici';
import { DirectReads } from './direct-reads.js';
import { joinWrites } from './joined-writes.js';

type Connector = ReturnType<typeof buildConnector>;

/**
 * How undici connects here: as ever where TLS is spoken, which copies everything anyway; else with sockets that spend
 * less on short requests and answers.
 */
export function connectorOf(build: typeof buildConnector, timeoutMs: number): Connector {
  const secure = build({ timeout: timeoutMs });
  return (options, callback) => {
    if (options.protocol === 'https:') {
      secure(options, callback);
      return;
    }
    const reads = new DirectReads();
    const connect = build({ timeout: timeoutMs, onread: reads.onread });
    connect(options, (...connected) => {
      const [error, socket] = connected;
      if (error === null) {
        reads.attach(socket);
        joinWrites(socket);
      }
      callback(...connected);
    });
  };
}
