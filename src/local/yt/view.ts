import type { YsonMap, YsonValue } from '../../yson/value.js';
import type { Change, Chunk, Delta, NodeRecord, Stamps } from './node.js';
import { lineage, type Transaction } from './transaction.js';
import type { Trunk } from './trunk.js';

/**
 * The tree as one transaction sees it: the trunk, then what its ancestors changed, then its own changes; a node under
 * its snapshot lock as it was frozen. Without a transaction it is the trunk, and changes are committed at once.
 */
export class View {
  readonly transaction: Transaction | undefined;
  readonly #trunk: Trunk;

  constructor(trunk: Trunk, transaction: Transaction | undefined) {
    this.#trunk = trunk;
    this.transaction = transaction;
  }

  get rootId(): string {
    return this.#trunk.rootId;
  }

  node(id: string): NodeRecord | undefined {
    return this.#frozen(id) ?? this.#trunk.nodes.get(id);
  }

  child(node: NodeRecord, key: string): NodeRecord | undefined {
    for (const delta of this.#deltas(node)) {
      const id = delta.children.get(key);
      if (id !== undefined) return id === null ? undefined : this.node(id);
    }
    const id = node.children.get(key);
    return id === undefined ? undefined : this.node(id);
  }

  childKeys(node: NodeRecord): string[] {
    const changed = new Map<string, string | null>();
    for (const delta of this.#deltas(node)) {
      for (const [key, id] of delta.children) if (!changed.has(key)) changed.set(key, id);
    }
    const kept = [...node.children.keys()].filter((key) => !changed.has(key));
    const added = [...changed].filter(([, id]) => id !== null).map(([key]) => key);
    return [...kept, ...added].sort();
  }

  attribute(node: NodeRecord, key: string): YsonValue | undefined {
    for (const delta of this.#deltas(node)) if (delta.attributes.has(key)) return delta.attributes.get(key);
    return node.attributes.get(key);
  }

  attributes(node: NodeRecord): YsonMap {
    const merged: YsonMap = new Map(node.attributes);
    for (const delta of [...this.#deltas(node)].reverse()) {
      for (const [key, value] of delta.attributes) {
        if (value === undefined) merged.delete(key);
        else merged.set(key, value);
      }
    }
    return merged;
  }

  value(node: NodeRecord): YsonValue {
    for (const delta of this.#deltas(node)) if (delta.value !== undefined) return delta.value.value;
    return node.value;
  }

  chunks(node: NodeRecord): readonly Chunk[] {
    let chunks = node.chunks;
    for (const { chunks: own } of [...this.#deltas(node)].reverse()) {
      if (own !== undefined) chunks = own.isReplaced ? own.list : [...chunks, ...own.list];
    }
    return chunks;
  }

  stamps(node: NodeRecord): Stamps {
    const [delta] = this.#deltas(node);
    return delta ?? node;
  }

  /** A copy that no later change reaches. */
  freeze(node: NodeRecord): NodeRecord {
    const children = new Map(this.childKeys(node).map((key) => [key, this.child(node, key)?.id ?? '']));
    const { modifiedMs, revision, contentRevision, attributeRevision } = this.stamps(node);
    const stamps = { modifiedMs, revision, contentRevision, attributeRevision };
    return {
      ...node,
      ...stamps,
      children,
      attributes: this.attributes(node),
      value: this.value(node),
      chunks: this.chunks(node),
    };
  }

  /** Makes changes: at once when there is no transaction, else as deltas of the transaction. */
  apply(changes: readonly Change[]): void {
    const { transaction } = this;
    if (transaction === undefined) {
      this.#trunk.commit(changes);
      return;
    }
    for (const change of changes) {
      if (change.op === 'node') {
        this.#trunk.nodes.set(change.node.id, change.node);
        transaction.staged.push(change.node.id);
      } else {
        this.#record(transaction, change);
      }
    }
  }

  #record(transaction: Transaction, change: Exclude<Change, { op: 'node' }>): void {
    const node = this.node(change.id);
    const stamps = node === undefined ? { contentRevision: 0, attributeRevision: 0 } : this.stamps(node);
    const delta = ownDelta(transaction, change.id);
    delta.modifiedMs = this.#trunk.now();
    delta.revision = this.#trunk.nextRevision();
    delta.contentRevision = change.op === 'attribute' ? stamps.contentRevision : delta.revision;
    delta.attributeRevision = change.op === 'attribute' ? delta.revision : stamps.attributeRevision;
    mergeChange(delta, change);
  }

  #frozen(id: string): NodeRecord | undefined {
    for (const transaction of lineage(this.transaction)) {
      const frozen = transaction.snapshots.get(id);
      if (frozen !== undefined) return frozen;
    }
    return undefined;
  }

  /** Innermost first. A frozen node has none. */
  *#deltas(node: NodeRecord): Generator<Delta> {
    if (this.transaction === undefined || this.#frozen(node.id) !== undefined) return;
    for (const transaction of lineage(this.transaction)) {
      const delta = transaction.deltas.get(node.id);
      if (delta !== undefined) yield delta;
    }
  }
}

function ownDelta(transaction: Transaction, id: string): Delta {
  const known = transaction.deltas.get(id);
  if (known !== undefined) return known;
  const stamps = { modifiedMs: 0, revision: 0, contentRevision: 0, attributeRevision: 0 };
  const delta: Delta = {
    ...stamps,
    attributes: new Map(),
    children: new Map(),
    value: undefined,
    chunks: undefined,
  };
  transaction.deltas.set(id, delta);
  return delta;
}

function mergeChange(delta: Delta, change: Exclude<Change, { op: 'node' }>): void {
  if (change.op === 'attribute') delta.attributes.set(change.key, change.value);
  else if (change.op === 'child') delta.children.set(change.key, change.child);
  else if (change.op === 'value') delta.value = { value: change.value };
  else if (change.isReplaced || delta.chunks === undefined)
    delta.chunks = { isReplaced: change.isReplaced, list: change.list };
  else delta.chunks = { isReplaced: delta.chunks.isReplaced, list: [...delta.chunks.list, ...change.list] };
}

/** What a delta says, as changes: to be merged into the parent or committed to the trunk. */
export function* changesOf(id: string, delta: Delta): Generator<Change> {
  for (const [key, value] of delta.attributes) yield { op: 'attribute', id, key, value };
  for (const [key, child] of delta.children) yield { op: 'child', id, key, child };
  if (delta.value !== undefined) yield { op: 'value', id, value: delta.value.value };
  if (delta.chunks !== undefined) yield { op: 'chunks', id, ...delta.chunks };
}
