import { Pool } from 'undici';
import { Pull } from 'zeromq';

// What any service has to pay: `bare.mjs ENDPOINT ORIGIN CONNECTIONS` takes a message off a PULL socket, parses it and
// makes a request of it, so many at once. Nothing is checked, repeated or logged. Ends on any message with its rate.
const [endpoint = '', origin = '', connections = '1'] = process.argv.slice(2);
const socket = new Pull({ receiveHighWaterMark: 1_000, linger: 0 });
await socket.bind(endpoint);
const pool = new Pool(origin, { connections: Number(connections) });
let free = Number(connections);
let done = 0;
let startedMs = 0;
/** @type {(() => void) | undefined} */
let wake;

async function send(/** @type {Buffer} */ frame) {
  const row = JSON.parse(frame.toString());
  const response = await pool.request({
    method: 'POST',
    path: '/v1/push',
    headers: {
      'content-type': 'application/json',
      authorization: 'Bearer token',
      'Idempotency-Key': row.message_id,
    },
    body: JSON.stringify({ to: row.driver_id, title: row.title, text: row.text }),
  });
  await response.body.text();
  done++;
  free++;
  wake?.();
}

process.on('message', () => {
  process.send?.({ perSecond: (done * 1_000) / (performance.now() - startedMs) });
  process.exit(0);
});
process.send?.('ready');
for await (const [frame] of socket) {
  if (startedMs === 0) startedMs = performance.now();
  if (free === 0)
    await new Promise((resolve) => {
      wake = () => resolve(undefined);
    });
  free--;
  if (frame !== undefined) void send(frame);
}
