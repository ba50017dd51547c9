export { httpChannel } from './channels/http.js';
export type { ComponentSpec, ConfigField, EnvironmentVariable } from './component.js';
export { RtnError } from './error.js';
export { log } from './loggers/log.js';
export type {
  Answer,
  AnswerClass,
  BatchAnswer,
  BatchChannel,
  Channel,
  Run,
} from './pipeline/contract.js';
export type { Message, Row } from './pipeline/record.js';
export type { Task, TaskProgress, TaskReport, TaskRun } from './pipeline/task.js';
export { type Pushed, type PushOptions, pushRows } from './readers/push-rows.js';
export { table } from './readers/table.js';
export { zmq } from './readers/zmq.js';
export type {
  OperationIdentity,
  PipelineRunner,
  RunnerContext,
  RunnerDefinition,
  RunnerPolicy,
  TaskContext,
  TaskRunner,
} from './runtime/definition.js';
export { runner } from './runtime/runner.js';
export { select } from './runtime/select.js';
export { asyncSender } from './senders/async.js';
export { batchSender } from './senders/batch.js';
export { pg2yt } from './tasks/pg2yt.js';
