import { bare, type YsonMap, type YsonValue } from '../../yson/value.js';
import type { Cluster } from './cluster.js';
import { fault, YT_CODE } from './fault.js';
import type { Format } from './format.js';
import { isOn } from './schema.js';
import type { View } from './view.js';

/** One command under way. */
export interface Call {
  readonly cluster: Cluster;
  readonly parameters: YsonMap;
  /** The tree as the call's transaction sees it. */
  readonly view: View;
  readonly inputFormat: Format;
  readonly outputFormat: Format;
  /** The request's body, decompressed: data of a command with an input stream. */
  readonly input: AsyncIterable<Buffer>;
}

/** What a command gives back: the value, and the name that v4 wraps it in. Undefined: nothing but success. */
export interface Result {
  readonly name?: string;
  readonly value: YsonValue;
}

/** An answer that is streamed. `head` goes into X-YT-Response-Parameters, before the body. */
export interface Streamed {
  readonly head: YsonMap;
  readonly body: AsyncIterable<Buffer>;
}

export function optionalText({ parameters }: Pick<Call, 'parameters'>, name: string): string | undefined {
  const value = bare(parameters.get(name) ?? null);
  if (value === null) return undefined;
  if (typeof value !== 'string') throw fault(YT_CODE.generic, `Parameter "${name}" must be a string`);
  return value;
}

export function requiredText(call: Pick<Call, 'parameters'>, name: string): string {
  const value = optionalText(call, name);
  if (value === undefined) throw fault(YT_CODE.generic, `Missing required parameter "${name}"`);
  return value;
}

export function flag({ parameters }: Pick<Call, 'parameters'>, name: string, otherwise = false): boolean {
  return isOn(bare(parameters.get(name) ?? null), otherwise);
}

export function number({ parameters }: Pick<Call, 'parameters'>, name: string): number | undefined {
  const value = bare(parameters.get(name) ?? null);
  if (value === null) return undefined;
  const parsed = Number(
    value instanceof Map || Array.isArray(value)
      ? Number.NaN
      : typeof value === 'object' && 'value' in value
        ? value.value
        : value,
  );
  if (Number.isNaN(parsed)) throw fault(YT_CODE.generic, `Parameter "${name}" must be a number`);
  return parsed;
}

/** A list of strings; `{keys=[…]}`, the newer form of an attribute filter, is taken too. */
export function optionalTexts({ parameters }: Pick<Call, 'parameters'>, name: string): string[] | undefined {
  let value = bare(parameters.get(name) ?? null);
  if (value instanceof Map) value = bare(value.get('keys') ?? null);
  if (value === null) return undefined;
  if (!Array.isArray(value)) throw fault(YT_CODE.generic, `Parameter "${name}" must be a list`);
  return value.map((item) => String(bare(item)));
}
