import { oneLine } from '../error.js';
import type { Artefact } from '../registry/artefact.js';
import { referenceTo } from '../registry/artefact.js';
import { type Finding, inOrder, type Position } from '../registry/finding.js';
import { isMap } from '../registry/jsonSchema.js';
import { linesOf } from '../registry/positions.js';
import type { Registry } from '../registry/registry.js';
import { shellPath, shellWord } from '../shell.js';
import type { GENERATE_RULES } from './drift-rules.js';
import { type Origin, originOf } from './origin.js';
import type { RunnerFile, RunnerFiles } from './runner-files.js';
import { isSealed, unsealed } from './seal.js';

export interface DriftRequest {
  readonly registry: Registry;
  /** The runners that should be there. */
  readonly expected: readonly RunnerFiles[];
  /** The text of each file of the folder, by name. */
  readonly texts: ReadonlyMap<string, string>;
  /** How findings and commands name the path of a file in the folder. */
  readonly pathOf: (name: string) => string;
  /** What `rtn generate` needs beside a name to write there, such as `--out x`. */
  readonly flags: readonly string[];
  /** Which runners are looked at for orphans. */
  readonly isAsked: (origin: Origin) => boolean;
}

type Rule = (typeof GENERATE_RULES)[number]['id'];

/** What a fact of the comment on top is called, in the order in which differences are told. */
const FACTS: readonly (keyof Origin)[] = [
  'operation',
  'version',
  'runner',
  'template',
  'layer',
  'digest',
  'source',
];
const START: Position = { line: 1, column: 1 };

/** Compares a folder of generated runners with what the registry gives now; in reading order. Writes nothing. */
export function driftOf(request: DriftRequest): Finding[] {
  const expected = request.expected.flatMap((made) =>
    made.files.flatMap((file) => driftOfFile(file, made.operation, request)),
  );
  return inOrder([...expected, ...orphans(request)]);
}

function driftOfFile(file: RunnerFile, operation: Artefact, request: DriftRequest): Finding[] {
  const fix = ['rtn generate', shellWord(referenceTo(operation)), ...request.flags].join(' ');
  const told = (rule: Rule, message: string, position = START): Finding[] => [
    { rule, severity: 'error', file: request.pathOf(file.name), ...position, message, fix },
  ];
  // A checkout on Windows may turn the line ends.
  const text = request.texts.get(file.name)?.replaceAll('\r\n', '\n');
  if (text === file.text) return [];
  if (text === undefined)
    return told(
      'generate/missing',
      `the runner ${file.runner} of ${operation.status} ${referenceTo(operation)} is not there`,
    );
  const origin = originOf(text);
  const moved = origin === undefined ? [] : movedFacts(origin, originOf(file.text));
  if (moved.length > 0) {
    const edit = isSealed(text) ? '' : '; it was edited by hand, too, which generating again undoes';
    return told(
      'generate/stale',
      `${moved.map(({ told: fact }) => fact).join(', ')}${edit}`,
      placeOf(text, moved),
    );
  }
  const [got, wanted] = [unsealed(text), unsealed(file.text)];
  // Where they differ in nothing else, the checksum itself was edited.
  const { position, message } =
    got === wanted ? firstDifference(text, file.text) : firstDifference(got, wanted);
  return isSealed(text)
    ? told(
        'generate/stale',
        `rtn or the text of the template changed since it was generated: ${message}`,
        position,
      )
    : told(
        'generate/edited',
        `edited by hand: ${message}; make the change in ${operation.path} or the template`,
        position,
      );
}

/** The facts of the comment on top that are others now. */
function movedFacts(origin: Origin, now: Origin | undefined): { value: string; told: string }[] {
  return FACTS.filter((fact) => origin[fact] !== now?.[fact]).map((fact) => ({
    value: origin[fact],
    told: `it was generated from ${fact} ${origin[fact]}, the registry has ${now?.[fact]}`,
  }));
}

/** Where the first moved fact stands in the text. */
function placeOf(text: string, [first]: readonly { value: string }[]): Position {
  const word = first?.value.split(' ').at(-1) ?? '';
  return linesOf(text).positionOf(Math.max(0, text.indexOf(word)));
}

function firstDifference(got: string, expected: string): { position: Position; message: string } {
  let offset = 0;
  while (offset < got.length && got[offset] === expected[offset]) offset++;
  const position = linesOf(got).positionOf(offset);
  const lineOf = (text: string) => {
    const line = text.split('\n')[position.line - 1];
    return line === undefined || offset >= text.length ? 'the end' : `'${oneLine(line.trim(), 80)}'`;
  };
  return { position, message: `got ${lineOf(got)}, expected ${lineOf(expected)}` };
}

function* orphans({ registry, texts, pathOf, isAsked }: DriftRequest): Iterable<Finding> {
  for (const [name, text] of texts) {
    const origin = originOf(text.replaceAll('\r\n', '\n'));
    const reason = origin && isAsked(origin) ? orphanhood(origin, registry) : undefined;
    if (reason === undefined) continue;
    yield {
      rule: 'generate/orphan' satisfies Rule,
      severity: 'error',
      file: pathOf(name),
      ...START,
      message: `expected no such runner: ${reason}`,
      fix: `rm ${shellPath(pathOf(name))}`,
    };
  }
}

/** Why nothing in the registry gives this runner any more. */
function orphanhood({ operation, version, runner }: Origin, registry: Registry): string | undefined {
  const artefact = registry.find('operation', operation, version);
  if (artefact === undefined) return `there is no operation ${operation}@${version}`;
  const { status, document } = artefact;
  if (status === 'withdrawn')
    return `operation ${operation}@${version} is withdrawn${typeof document.reason === 'string' ? `: ${document.reason}` : ''}`;
  return isMap(document.runners) && Object.hasOwn(document.runners, runner)
    ? undefined
    : `operation ${operation}@${version} has no runner '${runner}'`;
}
