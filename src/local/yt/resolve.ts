import { bare, type YsonValue } from '../../yson/value.js';
import { fault, YT_CODE } from './fault.js';
import type { NodeRecord } from './node.js';
import type { Path } from './path.js';
import type { View } from './view.js';

/** Where a path leads: a node, and for a document the steps inside its value. */
export interface Target {
  readonly node: NodeRecord;
  readonly inside: readonly string[];
}

/** Undefined when nothing stands there. */
export function find(view: View, path: Path): Target | undefined {
  const target = walk(view, path);
  return typeof target === 'string' ? undefined : target;
}

/** Throws 500 when nothing stands there. */
export function resolve(view: View, path: Path): Target {
  const target = walk(view, path);
  if (typeof target === 'string')
    throw fault(YT_CODE.resolve, `Error resolving path ${path.text}: ${target}`);
  return target;
}

/** The parent of a path that has at least one step, and the last key. */
export function parentOf(path: Path): { parent: Path; key: string } {
  const key = path.steps.at(-1);
  if (key === undefined) throw fault(YT_CODE.generic, `Path ${path.text} names no child`);
  const cut = path.text.lastIndexOf('/');
  return {
    parent: { ...path, steps: path.steps.slice(0, -1), text: path.text.slice(0, Math.max(1, cut)) },
    key,
  };
}

function walk(view: View, { rootId, steps }: Path): Target | string {
  let node = view.node(rootId ?? view.rootId);
  if (node === undefined) return `no such object ${rootId}`;
  for (const [at, key] of steps.entries()) {
    if (node.type === 'document') return { node, inside: steps.slice(at) };
    const child: NodeRecord | undefined = node.type === 'map_node' ? view.child(node, key) : undefined;
    if (child === undefined) return `node //${steps.slice(0, at).join('/')} has no child with key "${key}"`;
    node = child;
  }
  return { node, inside: [] };
}

/** The value at these steps inside a value; undefined when there is none. */
export function valueAt(value: YsonValue, steps: readonly string[]): YsonValue | undefined {
  let at: YsonValue | undefined = value;
  for (const step of steps) {
    const inner: YsonValue = bare(at ?? null);
    if (inner instanceof Map) at = inner.get(step);
    else if (Array.isArray(inner) && /^-?\d+$/.test(step)) at = inner.at(Number(step));
    else return undefined;
  }
  return at;
}

/** A copy of the value with another one at these steps; undefined takes it away. Throws 500 when the way there is missing. */
export function withValueAt(
  value: YsonValue,
  steps: readonly string[],
  replacement: YsonValue | undefined,
  isRecursive: boolean,
): YsonValue {
  const [step, ...more] = steps;
  if (step === undefined) return replacement ?? null;
  const inner = bare(value);
  if (!(inner instanceof Map))
    throw fault(YT_CODE.resolve, `Cannot step into "${step}": it is inside no map`);
  const copy = new Map(inner);
  const next = copy.get(step);
  if (more.length === 0 && replacement === undefined) {
    if (!copy.delete(step)) throw fault(YT_CODE.resolve, `No such key "${step}"`);
  } else if (more.length > 0 && next === undefined && !isRecursive) {
    throw fault(YT_CODE.resolve, `No such key "${step}"`);
  } else {
    copy.set(step, withValueAt(next ?? new Map(), more, replacement, isRecursive));
  }
  return copy;
}
