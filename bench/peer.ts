import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { startLocalYt } from '../src/local/yt/server.js';

// The other side of `bench -- pg2yt`, a process of its own: `peer.js yt FOLDER`, a local YTsaurus, or `peer.js sink`,
// which reads what is uploaded to its end and answers. Sends its address first.
const [kind, directory = ''] = process.argv.slice(2);
if (kind === 'yt') {
  process.send?.((await startLocalYt({ directory })).address);
} else {
  const server = createServer((request, response) => {
    request.resume().on('end', () => response.end());
  }).listen(0, '127.0.0.1', () => process.send?.(`127.0.0.1:${(server.address() as AddressInfo).port}`));
}
