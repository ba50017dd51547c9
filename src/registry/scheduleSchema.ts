import { DURATION_PATTERN, type JsonSchema } from '../component.js';
import { NAME_PATTERN } from './version.js';

/** A CronJob of Kubernetes may have no longer name. */
const MAX_NAME = 52;
const MEMBER_PATTERN = '^[A-Za-z_][A-Za-z0-9_]*$';
/** On one line, since it ends up in crontabs, unit files and logs. */
const LINE_PATTERN = '^[^\\u0000-\\u001f\\u007f-\\u009f\\u2028\\u2029]+$';

const text = (description: string, rest: JsonSchema = {}): JsonSchema => ({
  type: 'string',
  minLength: 1,
  maxLength: 500,
  pattern: LINE_PATTERN,
  description,
  ...rest,
});
const duration = (description: string, example: string): JsonSchema =>
  text(description, { pattern: DURATION_PATTERN, examples: [example] });
const closed = (description: string, required: readonly string[], properties: JsonSchema): JsonSchema => ({
  type: 'object',
  description,
  additionalProperties: false,
  required,
  properties,
});
const locations = (description: string, example: string): JsonSchema => ({
  type: 'object',
  description,
  propertyNames: { pattern: MEMBER_PATTERN },
  additionalProperties: text('Location: scheme and what stands there.', {
    pattern: `^[a-z][a-z0-9]*:${LINE_PATTERN.slice(1)}`,
    maxLength: 4_000,
    examples: [example],
  }),
});

const SCHEDULE = closed('An instance of the operation that is started by the clock.', ['version', 'cron'], {
  title: text('What it is for, in one line.'),
  project: text('The project or team space it belongs to.'),
  owner: text('Team or person that answers for it.'),
  version: text(
    'The version to run, exact, or a range such as ^1.4: then the newest active version in it at the time. In quotes where YAML would read a number.',
    { examples: ['^1.4', '1.4.10'] },
  ),
  runner: text('Which of the runners of the operation; need not be said where it has one.', {
    pattern: NAME_PATTERN,
    examples: ['one-shot'],
  }),
  cron: text('When: minute, hour, day of month, month, day of week.', { examples: ['*/10 * * * *'] }),
  time_zone: text('IANA name of the zone whose clocks are meant.', {
    default: 'UTC',
    examples: ['Europe/Berlin'],
  }),
  inputs: locations('Where it reads, by the name of the input; else the defaults.', 'pg:driver_push_log'),
  outputs: locations('Where it writes, by the name of the output; else the defaults.', 'yt://home/log'),
  params: {
    type: 'object',
    description: 'Values of params, by name; else the defaults. Never a secret.',
    propertyNames: { pattern: MEMBER_PATTERN },
  },
  overlap: {
    type: 'string',
    enum: ['forbid', 'queue', 'replace', 'allow'],
    default: 'forbid',
    description:
      'When the run before still goes on. forbid: this slot is missed. queue: it waits. replace: the run before is told to end. allow: both run.',
  },
  catch_up: {
    type: 'string',
    enum: ['none', 'latest', 'all'],
    default: 'latest',
    description:
      'After a time in which nothing could be started: none of the slots that passed is run, the latest, or all, one after the other.',
  },
  deadline: duration(
    'How long after its slot a run may still start; else the slot is missed. Default: no limit.',
    '10m',
  ),
  retries: closed(
    'Further starts after exit codes 69, 74 and 75, which say that another try may help.',
    ['attempts'],
    {
      attempts: {
        type: 'integer',
        minimum: 0,
        maximum: 20,
        default: 0,
        description: 'How many starts after the first.',
      },
      pause: { ...duration('How long between two starts.', '1m'), default: '1m' },
    },
  ),
  timeout: duration('How long one start may take before it is told to end. Default: no limit.', '1h'),
  alert: closed('Who is told, with one POST of JSON an event.', ['webhook'], {
    webhook: text('The environment variable that holds the address. The address itself is a secret.', {
      pattern: '^[A-Z][A-Z0-9_]*$',
      examples: ['ALERT_WEBHOOK'],
    }),
    events: {
      type: 'array',
      minItems: 1,
      uniqueItems: true,
      default: ['failed', 'missed', 'recovered'],
      description:
        'failed: a run ended for good with an error. missed: a slot got no run. recovered: the first success after either.',
      items: { type: 'string', enum: ['failed', 'missed', 'recovered'] },
    },
  }),
  paused: {
    type: 'boolean',
    default: false,
    description: 'Whether no slot is run until this is taken away.',
  },
  resources: closed('What a run needs of the machine, for engines that place it.', [], {
    cpu: {
      type: 'number',
      exclusiveMinimum: 0,
      maximum: 1_024,
      description: 'Cores.',
      examples: [0.5],
    },
    memory: text('Memory, in Ki, Mi or Gi.', { pattern: '^[1-9][0-9]{0,8}(Ki|Mi|Gi)$', examples: ['512Mi'] }),
  }),
});

export const SCHEDULES_SCHEMA: JsonSchema = {
  $schema: 'http://json-schema.org/draft-07/schema#',
  title: 'Schedules of an operation',
  ...closed(
    'A document of realtime-notifications: operations/<name>/schedules.yaml.',
    ['schema', 'schedules'],
    {
      schema: { const: 'schedules/v1', description: 'Kind of this document and form of its keys.' },
      schedules: {
        type: 'object',
        description:
          'The schedules by name, which is unique in the registry and begins the ids of their runs.',
        propertyNames: { pattern: NAME_PATTERN, maxLength: MAX_NAME },
        additionalProperties: SCHEDULE,
      },
    },
  ),
};
