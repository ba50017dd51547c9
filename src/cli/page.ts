import { oneLine } from '../error.js';
import { type Artefact, referenceTo } from '../registry/artefact.js';
import { valueText } from '../registry/changeWords.js';
import { digestsOf, operationDigest } from '../registry/digest.js';
import { isMap } from '../registry/jsonSchema.js';
import type { Registry } from '../registry/registry.js';
import { columnsText } from '../report/table.js';
import { expectation } from '../runtime/expectation.js';

type Lines = readonly (readonly string[])[];
type Document = Readonly<Record<string, unknown>>;

/** Characters of a digest that tell versions apart for a person. */
const DIGEST_LENGTH = 12;

/** All that a person asks of one version, on one screen: what it is, what it takes and gives, who uses it. */
export function pageOf(artefact: Artefact, registry: Registry, width: number | undefined): string {
  const { kind, document } = artefact;
  const head = `${kind} ${referenceTo(artefact)} (${artefact.status})\n${text(document.title)}\n`;
  const sections: [string, Lines][] = [
    ['inputs', entriesOf(document.inputs).flatMap(inputLines)],
    ['outputs', entriesOf(document.outputs).map(outputLine)],
    ['params', entriesOf(document.params).map(paramLine)],
    ['secrets', entriesOf(document.secrets).map(([name, secret]) => [name, described(secret)])],
    ['runners', entriesOf(document.runners).map(runnerLine)],
    ['packages', entriesOf(document.packages).map(([name, version]) => [name, text(version)])],
    ['links', entriesOf(document.links).map(([name, link]) => [name, text(link)])],
    ['used by', registry.dependents(artefact).map((user) => [referenceTo(user), user.status])],
    ['other versions', otherVersions(artefact, registry)],
  ];
  const body = sections
    .filter(([, lines]) => lines.length > 0)
    .map(([title, lines]) => `\n${title}\n${sectionText(lines, width)}`);
  return `${head}\n${columnsText(factsOf(artefact, registry), { width })}${body.join('')}`;
}

/** One line each; where one would not fit, what is said last (mostly a description) goes below. */
function sectionText(lines: Lines, width: number | undefined): string {
  const flat = columnsText(lines, { indent: 2 });
  const isFit = width === undefined || flat.split('\n').every((line) => line.length <= width);
  if (isFit || lines.every((cells) => cells.length < 4)) return columnsText(lines, { indent: 2, width });
  const heads = columnsText(
    lines.map((cells) => cells.slice(0, -1)),
    { indent: 2, width },
  ).split('\n');
  return lines
    .map((cells, index) => `${heads[index]}\n${columnsText([cells.slice(-1)], { indent: 6, width })}`)
    .join('');
}

function factsOf(artefact: Artefact, registry: Registry): Lines {
  const { kind, document, path } = artefact;
  const { layer, owner, node, stages, policy } = document;
  const published = isMap(document.published) ? text(document.published.at) : 'not yet';
  const digest =
    kind === 'operation'
      ? operationDigest(artefact, registry)
      : (digestsOf(artefact, registry).content ?? '');
  const facts: [string, unknown][] = [
    ['published', published],
    ['digest', digest.slice(0, DIGEST_LENGTH)],
    ['replaced by', document.replaced_by],
    ['reason', document.reason],
    ['owner', owner],
    ['layer', layer === undefined ? undefined : layerText(layer, registry)],
    ['node', node],
    ['stages', Array.isArray(stages) ? stages.map(text).join(', ') : undefined],
    ['text', registry.textOf(artefact)?.path],
    [
      'policy',
      entriesOf(policy)
        .map(([key, value]) => `${key} ${text(value)}`)
        .join(', ') || undefined,
    ],
    ['file', path],
  ];
  return facts.flatMap(([name, value]) => (value === undefined ? [] : [[name, text(value)]]));
}

/** A layer that is not in use as it should be is told with its status. */
function layerText(layer: unknown, registry: Registry): string {
  const status = registry.resolve('layer', layer)?.status ?? 'missing';
  return status === 'active' ? text(layer) : `${text(layer)} (${status})`;
}

/** An input, then its columns; `key` and `recipient` are told with the column that they are. */
function inputLines([name, input]: [string, unknown]): Lines {
  if (!isMap(input)) return [[name, text(input)]];
  const row = isMap(input.row) ? input.row : {};
  const required = Array.isArray(row.required) ? row.required : [];
  const columns = entriesOf(row.properties).map(([column, schema]) => [
    `  ${column}`,
    required.includes(column) ? 'required' : 'optional',
    [
      schemaText(schema),
      ...(input.key === column ? ['key'] : []),
      ...(input.recipient === column ? ['recipient'] : []),
    ].join(', '),
  ]);
  const type = input.type === undefined || input.type === 'rows' ? [] : [text(input.type)];
  return [[name, ...type, presence(input), described(input)], ...columns];
}

function outputLine([name, output]: [string, unknown]): readonly string[] {
  const type = isMap(output) ? text(output.type) : '';
  return [name, type, presence(output), described(output)];
}

function paramLine([name, schema]: [string, unknown]): readonly string[] {
  return [name, presence(schema), schemaText(schema), described(schema)];
}

/** `one-shot@1.0.0  table -> async (http) -> log`. */
function runnerLine([name, runner]: [string, unknown]): readonly string[] {
  if (!isMap(runner)) return [name, text(runner)];
  const { template, ...stages } = runner;
  const used = Object.values(stages).map((stage) => {
    if (!isMap(stage)) return text(stage);
    const channel = isMap(stage.channel) ? ` (${text(stage.channel.use)})` : '';
    return `${text(stage.use)}${channel}`;
  });
  return [name, text(template), used.join(' -> ')];
}

function otherVersions({ kind, name, version }: Artefact, registry: Registry): Lines {
  return registry
    .versions(kind, name)
    .filter((other) => other.version !== version)
    .map((other) => [
      other.version,
      other.status,
      other.document.replaced_by === undefined ? '' : `replaced by ${text(other.document.replaced_by)}`,
    ]);
}

function presence(member: unknown): string {
  const byDefault = isMap(member) ? member.default : undefined;
  return byDefault === undefined ? 'required' : `default ${valueText(byDefault)}`;
}

function schemaText(schema: unknown): string {
  return isMap(schema) ? oneLine(expectation(schema)) : text(schema);
}

function described(member: unknown): string {
  return isMap(member) && member.description !== undefined ? text(member.description) : '';
}

/** A value of a document on one line, safe for a terminal. */
function text(value: unknown): string {
  return typeof value === 'string' ? oneLine(value.trim().replace(/\s+/g, ' ')) : valueText(value);
}

function entriesOf(map: unknown): [string, unknown][] {
  return isMap(map) ? Object.entries(map as Document) : [];
}
