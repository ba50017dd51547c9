import { httpChannelSpec } from './channels/http.js';
import type { ComponentSpec } from './component.js';
import { logSpec } from './loggers/log.js';
import { tableSpec } from './readers/table.js';
import { zmqSpec } from './readers/zmq.js';
import { asyncSenderSpec } from './senders/async.js';
import { batchSenderSpec } from './senders/batch.js';
import { pg2ytSpec } from './tasks/pg2yt.js';

/** Every component that `use:` can name. The checker, the generator, the JSON Schema and the docs work from this list. */
export const COMPONENTS: readonly ComponentSpec[] = [
  tableSpec,
  zmqSpec,
  asyncSenderSpec,
  batchSenderSpec,
  httpChannelSpec,
  logSpec,
  pg2ytSpec,
];
