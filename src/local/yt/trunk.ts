import type { Clock } from '../../clock.js';
import type { Journal } from './journal.js';
import { type Batch, type Change, type Chunk, type NodeRecord, newNode } from './node.js';
import { newObjectId } from './object-id.js';

/** The journal is rewritten when it has this many batches, and many more than there are nodes. */
const REWRITE_BATCHES = 20_000;

/** The committed tree: what is seen outside transactions. Every change is one batch, journalled, then applied. */
export class Trunk {
  readonly nodes = new Map<string, NodeRecord>();
  /** Ids of the chunks that nodes hold. */
  readonly chunkIds = new Set<string>();
  readonly #journal: Journal;
  readonly #clock: Clock;
  /** Called with chunks that no node of the trunk holds any more. */
  readonly #dropped: (chunks: readonly Chunk[]) => void;
  #rootId = '';
  #revision = 0;

  constructor(journal: Journal, clock: Clock, dropped: (chunks: readonly Chunk[]) => void) {
    this.#journal = journal;
    this.#clock = clock;
    this.#dropped = dropped;
    for (const batch of journal.read()) this.#apply(batch);
    if (this.#rootId === '') this.#plant();
    if (journal.batches > this.nodes.size * 4) this.#rewrite();
  }

  get rootId(): string {
    return this.#rootId;
  }

  now(): number {
    return this.#clock.now();
  }

  /** A number that only grows, also over restarts. */
  nextRevision(): number {
    return ++this.#revision;
  }

  commit(changes: readonly Change[]): void {
    if (changes.length === 0) return;
    const batch = { revision: this.nextRevision(), atMs: this.now(), changes };
    this.#journal.append(batch);
    this.#apply(batch);
    if (this.#journal.batches > Math.max(REWRITE_BATCHES, this.nodes.size * 4)) this.#rewrite();
  }

  #plant(): void {
    const root = newNode('map_node', newObjectId('map_node'), null, '', this.now(), 1);
    const folders = ['home', 'sys', 'tmp'].map((key) =>
      newNode('map_node', newObjectId('map_node'), root.id, key, this.now(), 1),
    );
    for (const folder of folders) root.children.set(folder.key, folder.id);
    this.commit([root, ...folders].map((node) => ({ op: 'node', node })));
  }

  #apply(batch: Batch): void {
    this.#revision = Math.max(this.#revision, batch.revision);
    for (const change of batch.changes) {
      if (change.op === 'node') {
        this.nodes.set(change.node.id, change.node);
        this.#hold(change.node.chunks);
        if (change.node.parentId === null) this.#rootId = change.node.id;
        continue;
      }
      const node = this.nodes.get(change.id);
      if (node === undefined) continue;
      this.#change(node, change);
      node.revision = batch.revision;
      node.modifiedMs = batch.atMs;
      if (change.op === 'attribute') node.attributeRevision = batch.revision;
      else node.contentRevision = batch.revision;
    }
  }

  #change(node: NodeRecord, change: Exclude<Change, { op: 'node' }>): void {
    if (change.op === 'attribute') {
      if (change.value === undefined) node.attributes.delete(change.key);
      else node.attributes.set(change.key, change.value);
    } else if (change.op === 'value') {
      node.value = change.value;
    } else if (change.op === 'chunks') {
      if (change.isReplaced) this.#drop(node.chunks);
      this.#hold(change.list);
      node.chunks = change.isReplaced ? change.list : [...node.chunks, ...change.list];
    } else {
      const before = node.children.get(change.key);
      if (change.child === null) node.children.delete(change.key);
      else node.children.set(change.key, change.child);
      if (before !== undefined && before !== change.child) this.forget(before);
    }
  }

  /** Takes a node and all below it out of memory. */
  forget(id: string): void {
    const node = this.nodes.get(id);
    if (node === undefined) return;
    this.nodes.delete(id);
    this.#drop(node.chunks);
    for (const child of node.children.values()) this.forget(child);
  }

  #hold(chunks: readonly Chunk[]): void {
    for (const { id } of chunks) this.chunkIds.add(id);
  }

  #drop(chunks: readonly Chunk[]): void {
    for (const { id } of chunks) this.chunkIds.delete(id);
    if (chunks.length > 0) this.#dropped(chunks);
  }

  /** Staged nodes of live transactions are left out: they come with the batch that commits them. */
  #rewrite(): void {
    const isLinked = (node: NodeRecord): boolean => {
      if (node.parentId === null) return true;
      const parent = this.nodes.get(node.parentId);
      return parent?.children.get(node.key) === node.id && isLinked(parent);
    };
    const atMs = this.now();
    const linked = [...this.nodes.values()].filter(isLinked);
    this.#journal.rewrite(
      linked.map((node) => ({ revision: this.#revision, atMs, changes: [{ op: 'node', node }] })),
    );
  }
}
