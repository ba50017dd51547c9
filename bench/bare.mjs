import { Agent, Pool } from 'undici';

// What any sender on undici has to pay: `bare.mjs request|dispatch ORIGIN CONNECTIONS COUNT BODY KEY` awaits one request
// after the other on so many connections, all with the same headers and body, made once. Nothing is read, checked,
// keyed or logged. `dispatch` leaves out what `request` adds: a stream and a promise an answer.
const [api, origin = '', connections = '1', count = '1', body = '', key = ''] = process.argv.slice(2);
const messages = Number(count);
const headers = {
  'content-type': 'application/json',
  authorization: 'Bearer token',
  'Idempotency-Key': key,
};
const options = { origin, method: 'POST', path: '/v1/push', headers, body };
let next = 0;
let sent = 0;

async function requests() {
  const pool = new Pool(origin, { connections: Number(connections) });
  const loop = async () => {
    while (next++ < messages) {
      const response = await pool.request(options);
      await response.body.text();
      if (response.statusCode === 200) sent++;
    }
  };
  await Promise.all(Array.from({ length: Number(connections) }, loop));
  await pool.destroy();
}

async function dispatches() {
  const agent = new Agent({ connections: Number(connections) });
  await new Promise((resolve) => {
    let open = Number(connections);
    const start = () => {
      if (next++ < messages) agent.dispatch(options, handler());
      else if (--open === 0) resolve();
    };
    const handler = () => {
      let status = 0;
      return {
        onRequestStart() {},
        onResponseStart(_, code) {
          status = code;
        },
        onResponseData() {},
        onResponseEnd() {
          if (status === 200) sent++;
          start();
        },
        onResponseError(_, error) {
          throw error;
        },
      };
    };
    for (let connection = 0; connection < Number(connections); connection++) start();
  });
  await agent.destroy();
}

await (api === 'dispatch' ? dispatches() : requests());
if (sent !== messages) throw new Error(`${sent} of ${messages} were sent`);
