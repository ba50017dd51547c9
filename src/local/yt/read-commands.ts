import { Attributed, type YsonMap, type YsonValue } from '../../yson/value.js';
import { allAttributes, attribute, type Subject, withAttributes } from './attributes.js';
import { type Call, number, optionalTexts, type Result } from './call.js';
import { fault, YT_CODE } from './fault.js';
import { objectAttributes } from './objects.js';
import { type Path, parsePath } from './path.js';
import { find, resolve, type Target, valueAt } from './resolve.js';

/** The commands that only look: get, list, exists. */
export function get(call: Call): Result {
  const path = parsePath(call.parameters.get('path'));
  const value = shownValue(call, path, optionalTexts(call, 'attributes'));
  if (value === undefined)
    throw fault(
      YT_CODE.resolve,
      `Error resolving path ${path.text}: no such ${path.attribute ? 'attribute' : 'key'}`,
    );
  return { name: 'value', value };
}

export function exists(call: Call): Result {
  const path = parsePath(call.parameters.get('path'));
  const object = path.rootId === undefined ? undefined : objectAttributes(call.cluster, path.rootId);
  if (object !== undefined)
    return {
      name: 'value',
      value: path.attribute === undefined || valueAt(object, path.attribute) !== undefined,
    };
  const target = find(call.view, path);
  const isThere = target !== undefined && shownValue(call, path, []) !== undefined;
  return { name: 'value', value: isThere };
}

export function list(call: Call): Result {
  const path = parsePath(call.parameters.get('path'));
  const names = optionalTexts(call, 'attributes');
  const maxSize = number(call, 'max_size') ?? Number.POSITIVE_INFINITY;
  if (path.attribute !== undefined) {
    const map = shownValue(call, path, undefined);
    if (!(map instanceof Map)) throw fault(YT_CODE.generic, `Cannot list ${path.text}: it is no map`);
    return { name: 'value', value: [...map.keys()].sort() };
  }
  const { node } = resolve(call.view, path);
  if (node.type !== 'map_node')
    throw fault(YT_CODE.generic, `Cannot list ${path.text}: "${node.type}" nodes have no children`);
  const keys = call.view.childKeys(node);
  const shown = keys.slice(0, maxSize).map((key) => {
    const child = call.view.child(node, key);
    return child === undefined ? key : withAttributes(key, names, { ...call, node: child });
  });
  return {
    name: 'value',
    value: shown.length < keys.length ? new Attributed(new Map([['incomplete', true]]), shown) : shown,
  };
}

function shownValue(call: Call, path: Path, names: readonly string[] | undefined): YsonValue | undefined {
  const object =
    path.rootId === undefined || path.steps.length > 0
      ? undefined
      : objectAttributes(call.cluster, path.rootId);
  if (object !== undefined)
    return path.attribute === undefined ? null : valueAt(filtered(object, names), path.attribute);
  const target = resolve(call.view, path);
  if (path.attribute !== undefined) return attributeAt({ ...call, node: target.node }, path.attribute, names);
  return contentOf(call, target, names);
}

function attributeAt(
  subject: Subject,
  steps: readonly string[],
  names: readonly string[] | undefined,
): YsonValue | undefined {
  const [first, ...more] = steps;
  if (first !== undefined) return valueAtAttribute(attribute(subject, first), more);
  return names === undefined || names.length === 0 ? allAttributes(subject) : withNames(subject, names);
}

function valueAtAttribute(value: YsonValue | undefined, steps: readonly string[]): YsonValue | undefined {
  return value === undefined || steps.length === 0 ? value : valueAt(value, steps);
}

function withNames(subject: Subject, names: readonly string[]): YsonMap {
  const picked = withAttributes(null, names, subject);
  return picked instanceof Attributed ? picked.attributes : new Map();
}

function filtered(map: YsonMap, names: readonly string[] | undefined): YsonMap {
  return names === undefined || names.length === 0
    ? map
    : new Map([...map].filter(([key]) => names.includes(key)));
}

/** A node's content: maps with all below them, where tables, files and documents show as `#`. */
function contentOf(
  call: Call,
  { node, inside }: Target,
  names: readonly string[] | undefined,
  isTop = true,
): YsonValue | undefined {
  const { view } = call;
  const withOwn = (value: YsonValue): YsonValue => withAttributes(value, names, { ...call, node });
  if (node.type === 'table' || node.type === 'file') return withOwn(null);
  if (node.type === 'document') return isTop ? valueAtAttribute(view.value(node), inside) : withOwn(null);
  if (node.type !== 'map_node') return withOwn(view.value(node));
  const map: YsonMap = new Map();
  for (const key of view.childKeys(node)) {
    const child = view.child(node, key);
    if (child !== undefined) map.set(key, contentOf(call, { node: child, inside: [] }, names, false) ?? null);
  }
  return withOwn(map);
}
