import { type ComponentSpec, DURATION_PATTERN, type JsonSchema } from '../component.js';
import type { ArtefactKind } from './artefact.js';
import { componentDefinitions } from './componentSchema.js';
import { CONFIG_SCHEMA } from './config.js';
import { DIGEST_FORM } from './digest.js';
import { INPUT_TYPES, OPERATION_PARTS, OUTPUT_TYPES, STAGES } from './document.js';
import { SCHEDULES_SCHEMA } from './scheduleSchema.js';
import { NAME_PATTERN, REFERENCE_PATTERN, VERSION_PATTERN } from './version.js';
import { WAIVERS_SCHEMA } from './waivers.js';

const DRAFT_07 = 'http://json-schema.org/draft-07/schema#';
/** Names of inputs, outputs, params and secrets become flags, properties and environment variables. */
/** What may become of messages in doubt. */
const IN_DOUBT = ['resend', 'skip', 'hold'];

const MEMBER_PATTERN = '^[A-Za-z_][A-Za-z0-9_]*$';

const locationPattern = (schemes: readonly string[]): string => `^(${schemes.join('|')}):.`;

const text = (description: string, rest: JsonSchema = {}): JsonSchema => ({
  type: 'string',
  minLength: 1,
  description,
  ...rest,
});
const ratio = (description: string): JsonSchema => ({
  type: 'number',
  minimum: 0,
  maximum: 1,
  description,
  examples: [0.2],
});
const digest = (description: string): JsonSchema => text(description, { pattern: '^[0-9a-f]{64}$' });
const reference = (kind: string, description: string): JsonSchema =>
  text(description, { pattern: REFERENCE_PATTERN, examples: [`${kind}@1.0.0`] });
const closed = (description: string, required: readonly string[], properties: JsonSchema): JsonSchema => ({
  type: 'object',
  description,
  additionalProperties: false,
  required,
  properties,
});
const mapOf = (description: string, values: JsonSchema, keys = MEMBER_PATTERN): JsonSchema => ({
  type: 'object',
  description,
  propertyNames: { pattern: keys },
  additionalProperties: values,
});
const embedded = (description: string): JsonSchema => ({
  description,
  allOf: [{ $ref: DRAFT_07 }],
  type: 'object',
});

/** The JSON Schemas (draft-07) of the three kinds of document: what editors show and what `rtn check` holds. */
export function documentSchemas(specs: readonly ComponentSpec[]): Record<ArtefactKind, JsonSchema> {
  return { operation: operationSchema(specs), layer: layerSchema(), template: templateSchema() };
}

/** `schemas/operation.schema.json`: where each schema stands in a repository, as the modeline of a document names it. */
export function schemaFiles(specs: readonly ComponentSpec[]): Record<string, string> {
  const schemas = {
    ...documentSchemas(specs),
    schedules: SCHEDULES_SCHEMA,
    config: CONFIG_SCHEMA,
    waivers: WAIVERS_SCHEMA,
  };
  return Object.fromEntries(
    Object.entries(schemas).map(([kind, schema]) => [
      `schemas/${kind}.schema.json`,
      `${JSON.stringify(schema, null, 2)}\n`,
    ]),
  );
}

function operationSchema(specs: readonly ComponentSpec[]): JsonSchema {
  const slot = (stage: string, description: string) => ({
    description,
    allOf: [{ $ref: `#/definitions/${stage}` }],
  });
  const runner = closed('One way to start the operation.', ['template'], {
    template: reference('one-shot', 'The wrapper script it is generated from: name@version.'),
    reader: slot('reader', 'Where messages come from.'),
    sender: slot('sender', 'How messages go out.'),
    logger: slot('logger', 'Where the result of each message is written.'),
    task: slot('task', 'Work that is no sending, such as moving a log.'),
    run: text('A script of your own: a file below the folder of the operation.', {
      pattern: '^\\./',
      examples: ['./scripts/cleanup.sh'],
    }),
    source: text('Where the script comes from: address@commit.'),
  });
  const recorded = Object.fromEntries(
    OPERATION_PARTS.map((part) => [part, digest(`sha256 of what counts as ${part}.`)]),
  );
  return artefactSchema(
    'operation',
    ['layer', 'inputs', 'outputs', 'runners'],
    published(recorded),
    {
      layer: reference('taxi-crm-push', 'The environment that its runners run in: name@version.'),
      inputs: mapOf('What it reads, by name; each is a flag of the runner.', inputSchema()),
      outputs: mapOf('What it writes, by name; each is a flag of the runner.', outputSchema()),
      params: mapOf(
        'What may be set at start, by name: a JSON Schema each.',
        embedded('JSON Schema (draft-07) of the param, with its default and description.'),
      ),
      secrets: mapOf(
        'Environment variables that hold credentials.',
        closed('A secret.', [], { description: text('What it opens and who gives it out.') }),
        '^[A-Z][A-Z0-9_]*$',
      ),
      policy: closed('What happens around the pipeline.', [], {
        drain_timeout: text(
          'After SIGTERM: how long what was read may take to be sent and logged, such as 30s.',
          { pattern: DURATION_PATTERN, examples: ['30s'] },
        ),
        max_failed_ratio: ratio(
          'Share of the last 1,000 results, from the hundredth on, that may be failed or unknown; beyond it the run stops with code 69.',
        ),
        max_rejected_ratio: ratio(
          'Share of the last 1,000 results, from the hundredth on, that may be rejected; beyond it the run stops with code 65.',
        ),
        in_doubt: {
          type: 'string',
          enum: IN_DOUBT,
          description:
            'What becomes of messages that may have been sent when a runner died: resend sends them again under the same idempotency key, skip logs them as unknown, hold leaves them to a person (rtn retry --in-doubt). Default: resend where the channel sends an idempotency key with each message, else hold.',
        },
        in_doubt_window: {
          type: 'integer',
          minimum: 1,
          maximum: 1_000_000,
          description:
            'Most messages that may be under way or sent without a durable result, and so be in doubt after a crash. Default: 20,000 where the channel is idempotent, else twice the concurrency and at least 1,000.',
        },
      }),
      runners: {
        ...mapOf('The scripts that `rtn generate` makes, by name.', runner, NAME_PATTERN),
        minProperties: 1,
      },
    },
    componentDefinitions(specs),
  );
}

function inputSchema(): JsonSchema {
  const input = closed('An input: rows of one shape, or a whole table, file or log.', [], {
    type: {
      type: 'string',
      enum: INPUT_TYPES,
      default: 'rows',
      description:
        'rows: read one by one, of the shape given. table, file, send-log: handed over as a whole to a script or task.',
    },
    description: text('What it holds, for those who fill it.'),
    key: text('The field of the row that identifies a message.'),
    recipient: text('The field of the row that names the recipient in the send log.'),
    row: embedded('JSON Schema (draft-07) of a row.'),
    default: text('Location used when the command line gives none, such as yt:PATH or file:PATH.', {
      pattern: locationPattern(['yt', 'pg', 'yql', 'file']),
      examples: ['yt://home/project/recipients'],
    }),
  });
  return {
    ...input,
    if: { required: ['type'], properties: { type: { enum: INPUT_TYPES.slice(1) } } },
    // biome-ignore lint/suspicious/noThenProperty: a keyword of JSON Schema
    then: true,
    else: { ...input, required: ['key', 'row'] },
  };
}

function outputSchema(): JsonSchema {
  return closed('An output.', ['type'], {
    type: {
      type: 'string',
      enum: OUTPUT_TYPES,
      description: 'send-log: one row a message with its outcome. table, file: written by a script or task.',
    },
    description: text('What is written, for those who read the output.'),
    default: text('Location used when the command line gives none, such as pg:TABLE or yt:PATH.', {
      pattern: locationPattern(['pg', 'yt', 'file']),
      examples: ['pg:driver_push_log'],
    }),
  });
}

function layerSchema(): JsonSchema {
  return artefactSchema(
    'layer',
    ['node', 'packages'],
    published(
      { content: digest('sha256 of all that this document says.') },
      {
        sources: digest('sha256 of the sources it was published from.'),
        lockfile: digest('sha256 of the lockfile it was published with.'),
        commit: text('Commit of git that was checked out then.', { pattern: '^[0-9a-f]{40,64}$' }),
      },
    ),
    {
      node: text('Range of Node.js versions that its runners need.', { examples: ['>=20.19'] }),
      packages: mapOf(
        'npm packages, each in one exact version.',
        text('Exact version.', { pattern: VERSION_PATTERN, examples: ['1.4.10'] }),
        '^(@[a-z0-9._~-]+/)?[a-z0-9._~-]+$',
      ),
      sources: {
        type: 'array',
        description:
          'Globs of the files that its code is made of, from the root of the registry; ! takes away.',
        minItems: 1,
        items: text('Glob.', {
          pattern: '^!?(?!/)(?!(.*/)?\\.\\.(/|$))[^\\\\]+$',
          examples: ['src/**/*.ts', '!src/**/*.test.ts'],
        }),
      },
      lockfile: text('File that pins what the sources depend on.', {
        pattern: '^(?!/)(?!(.*/)?\\.\\.(/|$))[^\\\\]+$',
        examples: ['package-lock.json'],
      }),
    },
  );
}

function templateSchema(): JsonSchema {
  return artefactSchema(
    'template',
    ['stages', 'text'],
    published({ content: digest('sha256 of this document, of the text file and of the partials.') }),
    {
      stages: {
        type: 'array',
        description: 'The slots that a runner with this template must fill.',
        uniqueItems: true,
        items: { type: 'string', enum: STAGES },
      },
      text: text('The Handlebars file beside this one.', { examples: ['1.0.0.mjs.hbs'] }),
      partials: mapOf(
        'Templates that the text includes as {{> name}}: name@version by name.',
        reference('retry', 'The template that is included: name@version.'),
        NAME_PATTERN,
      ),
    },
  );
}

function published(digests: JsonSchema, optional: JsonSchema = {}): JsonSchema {
  return closed(
    'Written by `rtn publish`: what was published, so that a later change is noticed. Never edit it.',
    ['form', 'at', ...Object.keys(digests)],
    {
      form: { type: 'integer', const: DIGEST_FORM, description: 'Number of the digest algorithm.' },
      at: text('Day of publication, UTC.', { format: 'date', examples: ['2026-11-23'] }),
      ...digests,
      ...optional,
    },
  );
}

function artefactSchema(
  kind: ArtefactKind,
  required: string[],
  record: JsonSchema,
  properties: JsonSchema,
  definitions?: JsonSchema,
): JsonSchema {
  return {
    $schema: DRAFT_07,
    title: `One version of ${kind === 'operation' ? 'an' : 'a'} ${kind}`,
    ...closed(
      `A document of realtime-notifications: ${kind}s/<name>/<version>.yaml.`,
      ['schema', 'name', 'version', 'status', 'title', ...required],
      {
        schema: { const: `${kind}/v1`, description: 'Kind of this document and form of its keys.' },
        name: text('Name, the same as that of the folder.', {
          pattern: NAME_PATTERN,
          maxLength: 100,
          examples: ['driver_push'],
        }),
        version: text(
          'Strict semantic version, the same as that of the file; in quotes where YAML would read a number.',
          { pattern: VERSION_PATTERN, examples: ['1.4.10'] },
        ),
        status: {
          type: 'string',
          enum: ['draft', 'active', 'deprecated', 'withdrawn'],
          description:
            'draft: edit freely. active: frozen by `rtn publish`. deprecated: frozen, still runs. withdrawn: a bad version, refused everywhere.',
        },
        title: text('What it is, in one line.'),
        description: text('What it does and what to know of it, in Markdown.'),
        owner: text('Team or person that answers for it.'),
        links: {
          type: 'object',
          description: 'Addresses or ids of the same thing elsewhere, by name.',
          additionalProperties: text('Address or id.'),
        },
        ...properties,
        replaced_by: reference(kind, 'What to use instead of a deprecated version: name@version.'),
        reason: text('Why it is deprecated or withdrawn.'),
        remove_after: text('Day after which a deprecated version should be withdrawn.', {
          format: 'date',
          examples: ['2027-01-31'],
        }),
        published: record,
      },
    ),
    ...(definitions && { definitions }),
  };
}
