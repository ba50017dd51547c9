/** Files as values: the registry reads the work tree, a commit or a map in memory through the same two functions. */
export interface FileTree {
  /** Every file below `operations/`, `layers/` and `templates/` at least; relative to the root, with `/`. */
  paths(): readonly string[];
  /** The bytes of one file, or undefined where there is none. */
  read(path: string): Uint8Array | undefined;
}

/** One file to be written, or deleted where the content is null. */
export interface FileChange {
  readonly path: string;
  readonly content: Uint8Array | string | null;
}

/** A tree held in memory: for tests, and for what an author's change is going to look like. */
export function memoryTree(files: Readonly<Record<string, Uint8Array | string>>): FileTree {
  return withChanges(
    { paths: () => [], read: () => undefined },
    Object.entries(files).map(([path, content]) => ({ path, content })),
  );
}

/** The tree as it will be after the changes, so that they are judged before anything is written. */
export function withChanges(tree: FileTree, changes: readonly FileChange[]): FileTree {
  const changed = new Map(
    changes.map(({ path, content }) => [path, typeof content === 'string' ? Buffer.from(content) : content]),
  );
  return {
    paths: () => [
      ...tree.paths().filter((path) => !changed.has(path)),
      ...[...changed].filter(([, content]) => content !== null).map(([path]) => path),
    ],
    read: (path) => (changed.has(path) ? (changed.get(path) ?? undefined) : tree.read(path)),
  };
}
