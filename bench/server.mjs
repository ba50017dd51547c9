import { createServer } from 'node:http';

// The provider of the benchmarks: reads the body and answers at once. A process of its own, so that it has its own core.
const answer = JSON.stringify({ id: 'push-1' });
const server = createServer((request, response) => {
  request
    .resume()
    .on('end', () => response.writeHead(200, { 'content-type': 'application/json' }).end(answer));
});
server.listen(0, '127.0.0.1', () => {
  const address = server.address();
  process.send?.(typeof address === 'object' ? address?.port : undefined);
});
