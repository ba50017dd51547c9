export { httpChannel } from './channels/http.js';
export { RtnError } from './error.js';
export { log } from './loggers/log.js';
export { table } from './readers/table.js';
export { zmq } from './readers/zmq.js';
export type {
  OperationIdentity,
  RunnerContext,
  RunnerDefinition,
  RunnerPolicy,
} from './runtime/definition.js';
export { runner } from './runtime/runner.js';
export { select } from './runtime/select.js';
export { asyncSender } from './senders/async.js';
export { batchSender } from './senders/batch.js';
