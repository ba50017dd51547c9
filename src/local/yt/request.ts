import type { IncomingMessage } from 'node:http';
import { createUnzip } from 'node:zlib';
import { parseYtJson } from '../../yson/json.js';
import { parseYson } from '../../yson/parse.js';
import { attributesOf, bare, type YsonMap, type YsonValue } from '../../yson/value.js';
import type { Command } from './commands.js';
import { fault, YT_CODE } from './fault.js';
import {
  type Format,
  formatOfMime,
  JSON_FORMAT,
  readFormat,
  readRowFormat,
  readValue,
  TEXT_YSON,
} from './format.js';

/** What a request says, before its data. */
export interface YtRequest {
  readonly parameters: YsonMap;
  readonly inputFormat: Format;
  readonly outputFormat: Format;
  /** Format of X-YT-Response-Parameters. */
  readonly headerFormat: Format;
  /** The data of a command with an input stream, decompressed; nothing for the others. */
  readonly input: AsyncIterable<Buffer>;
}

/** Reads parameters from where they may stand: X-YT-Parameters (whole or in base64 parts), the query, a POST's body. */
export async function readRequest(message: IncomingMessage, command: Command): Promise<YtRequest> {
  const headerFormat = headerFormatOf(message);
  const inHeader = gather(message, 'x-yt-parameters');
  const hasInput = command.inputType !== 'null';
  const readInputFormat = command.inputType === 'tabular' ? readRowFormat : readFormat;
  const bodyFormat =
    formatIn(message, 'x-yt-input-format', headerFormat, readInputFormat) ??
    formatOfMime(message.headers['content-type']);
  const body = decompressed(message);
  const parameters: YsonMap = new Map<string, YsonValue>();
  for (const [key, value] of new URL(message.url ?? '/', 'http://local').searchParams)
    parameters.set(key, /^-?\d{1,18}$/.test(value) ? BigInt(value) : value);
  if (inHeader !== undefined) merge(parameters, readText(inHeader, headerFormat));
  if (!hasInput && message.method === 'POST') {
    const bytes = await whole(body);
    if (bytes.length > 0) merge(parameters, readValue(bytes, bodyFormat ?? JSON_FORMAT));
  }
  const byDefault = command.inputType === 'structured' ? JSON_FORMAT : TEXT_YSON;
  return {
    parameters,
    headerFormat,
    inputFormat: formatFrom(parameters, 'input_format', readInputFormat) ?? bodyFormat ?? byDefault,
    outputFormat:
      formatFrom(parameters, 'output_format') ??
      formatIn(message, 'x-yt-output-format', headerFormat) ??
      formatOfMime(message.headers.accept) ??
      (command.outputType === 'tabular' ? TEXT_YSON : JSON_FORMAT),
    input: hasInput ? body : nothing(),
  };
}

function headerFormatOf(message: IncomingMessage): Format {
  const text = first(message, 'x-yt-header-format');
  if (text === undefined) return JSON_FORMAT;
  const format = readFormat(parseYson(text));
  return format.name === 'yson' ? { ...format, kind: 'text' } : format;
}

/** A header, whole or split into base64 parts `Name0`, `Name1`, … or `Name-0`, `Name-1`, …. */
function gather(message: IncomingMessage, name: string): string | undefined {
  const plain = first(message, name);
  if (plain !== undefined) return plain;
  for (const separator of ['', '-']) {
    const parts: string[] = [];
    for (
      let part = first(message, `${name}${separator}0`);
      part !== undefined;
      part = first(message, `${name}${separator}${parts.length}`)
    )
      parts.push(part);
    // Header values are read as Latin-1, a byte a character: that is what readText takes.
    if (parts.length > 0) return Buffer.from(parts.join(''), 'base64').toString('latin1');
  }
  return undefined;
}

/** The first value of a header: duplicates are not joined. */
function first(message: IncomingMessage, name: string): string | undefined {
  return message.headersDistinct[name]?.[0];
}

function readText(latin1: string, format: Format): YsonValue {
  const bytes = Buffer.from(latin1, 'latin1');
  return format.name === 'yson' ? parseYson(bytes) : parseYtJson(bytes.toString('utf8'), format);
}

function formatIn(
  message: IncomingMessage,
  name: string,
  headerFormat: Format,
  read: typeof readFormat = readFormat,
): Format | undefined {
  const text = gather(message, name);
  if (text === undefined) return undefined;
  if (headerFormat.name === 'yson' || !/^[{"]/.test(text.trim())) return read(parseYson(text));
  return read(readText(text, headerFormat));
}

function formatFrom(
  parameters: YsonMap,
  name: string,
  read: typeof readFormat = readFormat,
): Format | undefined {
  const spec = parameters.get(name);
  return spec === undefined ? undefined : read(spec);
}

function merge(into: YsonMap, value: YsonValue): void {
  const map = bare(value);
  if (!(map instanceof Map) || attributesOf(value).size > 0)
    throw fault(YT_CODE.generic, 'Parameters must be a map');
  for (const [key, item] of map) into.set(key, item);
}

/** gzip may be a zlib stream under that name: the official Python client sends one. */
function decompressed(message: IncomingMessage): AsyncIterable<Buffer> {
  const encoding = message.headers['content-encoding'] ?? 'identity';
  if (encoding === 'identity') return message;
  if (encoding === 'gzip' || encoding === 'deflate') {
    const unzip = createUnzip();
    message
      .once('error', (error) => unzip.destroy(error))
      .once('close', () => message.complete || unzip.destroy(new Error('the body was cut off')));
    return message.pipe(unzip);
  }
  throw fault(YT_CODE.generic, `Content-Encoding "${encoding}" is not supported; use gzip or identity`, {
    status: 415,
  });
}

async function whole(input: AsyncIterable<Buffer>): Promise<Buffer> {
  const pieces: Buffer[] = [];
  for await (const piece of input) pieces.push(piece);
  return Buffer.concat(pieces);
}

async function* nothing(): AsyncGenerator<Buffer> {}
