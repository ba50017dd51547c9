import { parseYtJson, writeYtJson } from '../../yson/json.js';
import { parseYson } from '../../yson/parse.js';
import { attributesOf, bare, type YsonValue } from '../../yson/value.js';
import { writeYsonBinary } from '../../yson/write-binary.js';
import { writeYsonText } from '../../yson/write-text.js';
import { fault, YT_CODE } from './fault.js';
import { isOn } from './schema.js';
import { readSkiffColumns, type SkiffColumn } from './skiff-schema.js';

/** A format of a body or header, as its spec says. Attributes that are not known are ignored. */
export interface Format {
  readonly name: 'json' | 'yson' | 'skiff';
  readonly kind: 'binary' | 'text' | 'pretty';
  readonly encodeUtf8: boolean;
  readonly skipNullValues: boolean;
  readonly integralToDouble: boolean;
  /** The columns of rows in skiff, which is a format of rows that come in and of nothing else. */
  readonly skiff?: readonly SkiffColumn[];
}

export const JSON_FORMAT: Format = {
  name: 'json',
  kind: 'text',
  encodeUtf8: true,
  skipNullValues: false,
  integralToDouble: false,
};
export const TEXT_YSON: Format = { ...JSON_FORMAT, name: 'yson' };

export function readFormat(spec: YsonValue): Format {
  const name = bare(spec);
  if (name !== 'json' && name !== 'yson')
    throw fault(YT_CODE.generic, `Format "${String(name)}" is not supported here; use json or yson`);
  const attributes = attributesOf(spec);
  const kind = attributes.get('format');
  return {
    name,
    kind: kind === 'text' || kind === 'pretty' ? kind : name === 'json' ? 'text' : 'binary',
    encodeUtf8: isOn(attributes.get('encode_utf8'), true),
    skipNullValues: isOn(attributes.get('skip_null_values'), false),
    integralToDouble:
      isOn(attributes.get('enable_integral_to_double_conversion'), false) ||
      isOn(attributes.get('enable_type_conversion'), false),
  };
}

/** The format of rows that come in. */
export function readRowFormat(spec: YsonValue): Format {
  if (bare(spec) !== 'skiff') return readFormat(spec);
  const skiff = readSkiffColumns(attributesOf(spec));
  return { ...JSON_FORMAT, name: 'skiff', skiff };
}

const MIME_TYPES: ReadonlyMap<string, Format> = new Map([
  ['application/json', JSON_FORMAT],
  ['application/x-yt-yson-text', TEXT_YSON],
  ['application/x-yt-yson-pretty', { ...TEXT_YSON, kind: 'pretty' }],
  ['application/x-yt-yson-binary', { ...TEXT_YSON, kind: 'binary' }],
]);

/** The format that a Content-Type or Accept names, exactly; undefined for any other. */
export function formatOfMime(mime: string | undefined): Format | undefined {
  return MIME_TYPES.get(mime?.split(';')[0]?.trim().toLowerCase() ?? '');
}

export function mimeOf(format: Format): string {
  return format.name === 'json' ? 'application/json' : `application/x-yt-yson-${format.kind}`;
}

export function readValue(bytes: Buffer, format: Format): YsonValue {
  return format.name === 'yson' ? parseYson(bytes) : parseYtJson(bytes.toString('utf8'), format);
}

export function writeValue(value: YsonValue, format: Format): Buffer {
  if (format.name === 'json') return Buffer.from(writeYtJson(value, format));
  return format.kind === 'binary'
    ? writeYsonBinary(value)
    : Buffer.from(writeYsonText(value, { pretty: format.kind === 'pretty' }));
}
