import { createServer } from 'node:net';

// The provider of the benchmarks, `server.mjs [DELAY_MS]`: answers each request after so long. A process of its own, on
// bare sockets, so that it costs a fraction of what its clients cost: else they would all look alike. It reads requests
// of HTTP/1.1 with a content-length, one at a time on a connection. Sends its port first, then on any message how many
// requests and bytes of bodies it has had.
const delayMs = Number(process.argv[2] ?? 0);
const body = JSON.stringify({ id: 'push-1' });
const answer = Buffer.from(
  `HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`,
);
const seen = { requests: 0, bodyBytes: 0 };

/** Who waits for an answer, first come first served: the delay is the same for all. */
const waiting = [];

function answerDue() {
  const nowMs = performance.now();
  let count = 0;
  while (count < waiting.length && waiting[count].dueMs <= nowMs) waiting[count++].socket.write(answer);
  waiting.splice(0, count);
  if (waiting.length > 0) setTimeout(answerDue, Math.max(1, Math.floor(waiting[0].dueMs - nowMs)));
}

function received(socket, bytes) {
  seen.requests++;
  seen.bodyBytes += bytes;
  if (delayMs === 0) {
    socket.write(answer);
  } else if (waiting.push({ socket, dueMs: performance.now() + delayMs }) === 1) {
    setTimeout(answerDue, delayMs);
  }
}

const server = createServer({ noDelay: true }, (socket) => {
  let text = '';
  socket.setEncoding('latin1');
  socket.on('error', () => {});
  socket.on('data', (chunk) => {
    text = text === '' ? chunk : text + chunk;
    const end = text.indexOf('\r\n\r\n');
    if (end < 0) return;
    const bytes = Number(/\r\ncontent-length: *(\d+)/i.exec(text)?.[1] ?? 0);
    if (text.length < end + 4 + bytes) return;
    text = '';
    received(socket, bytes);
  });
});
server.listen(0, '127.0.0.1', () => {
  const address = server.address();
  process.send?.(typeof address === 'object' ? address?.port : undefined);
});
process.on('message', () => process.send?.(seen));
