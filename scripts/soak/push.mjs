import { Push } from 'zeromq';

// The sender of the soak: `push.mjs ENDPOINT RATE SECONDS`, rows of driver_push one a message, at a rate a second (0: as
// fast as they are taken), until the time is over. Ends with how many it handed over and for how long it had to wait.
const [endpoint = '', rate = '0', seconds = '1'] = process.argv.slice(2);
const socket = new Push({ sendHighWaterMark: 1_000, linger: 60_000, immediate: true });
socket.connect(endpoint);
const startedMs = performance.now();
const elapsedMs = () => performance.now() - startedMs;
const durationMs = Number(seconds) * 1_000;
let pushed = 0;
let waitedMs = 0;
while (elapsedMs() < durationMs) {
  const due = Number(rate) === 0 ? pushed + 1_000 : Math.floor((elapsedMs() / 1_000) * Number(rate));
  for (; pushed < due && elapsedMs() < durationMs; pushed++) {
    const beforeMs = performance.now();
    await socket.send(
      JSON.stringify({
        message_id: `m-${pushed}`,
        driver_id: `driver-${pushed % 100_000}`,
        title: 'Order',
        text: `Order ${pushed} is near you, two minutes away`,
      }),
    );
    const tookMs = performance.now() - beforeMs;
    if (tookMs > 5) waitedMs += tookMs;
  }
  await new Promise((resolve) => setTimeout(resolve, 5));
}
socket.close();
process.send?.({ pushed, waitedMs });
process.disconnect?.();
