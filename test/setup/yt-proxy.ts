import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';

/** What happens to a command on its way: it is lost, its answer is lost, or the proxy answers with an error of YT. */
export type Fate =
  | 'pass'
  | 'lose request'
  | 'lose answer'
  | { readonly ytCode: number; readonly status?: number };

/**
 * A proxy in front of a local cluster that does harm by rule. `fate` is asked once a command, `commands` are those it
 * saw; a fate that is not yet known holds the command up. Clients must have YT_USE_HOSTS=0, or heavy commands go round it.
 */
export async function harmfulProxy(cluster: string, fate: (command: string) => Fate | Promise<Fate>) {
  const commands: string[] = [];
  const server = createServer((incoming, response) => {
    const command = /^\/api\/v4\/([a-z_]+)/.exec(incoming.url ?? '')?.[1] ?? '';
    commands.push(command);
    void Promise.resolve(fate(command)).then((known) => forward(cluster, incoming, response, known));
  }).listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  onTestFinished(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  return { address: `127.0.0.1:${(server.address() as AddressInfo).port}`, commands };
}

async function forward(
  cluster: string,
  incoming: IncomingMessage,
  response: ServerResponse,
  fate: Fate,
): Promise<void> {
  const pieces: Buffer[] = [];
  for await (const piece of incoming) pieces.push(piece as Buffer);
  if (fate === 'lose request') return void response.destroy();
  if (typeof fate === 'object') {
    const error = JSON.stringify({ code: fate.ytCode, message: 'said so', attributes: {}, inner_errors: [] });
    return void response.writeHead(fate.status ?? 400, { 'x-yt-error': error }).end(error);
  }
  const [host, port] = cluster.split(':');
  const headers = { ...incoming.headers, host: cluster };
  delete headers['transfer-encoding'];
  const outgoing = request({ host, port, method: incoming.method, path: incoming.url, headers }, (answer) => {
    if (fate === 'lose answer') return answer.resume().on('end', () => response.destroy());
    response.writeHead(answer.statusCode ?? 500, answer.headers);
    return answer.pipe(response);
  });
  outgoing.on('error', () => response.destroy());
  outgoing.end(Buffer.concat(pieces));
}
