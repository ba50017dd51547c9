/** Files as values: the registry reads the work tree, a commit or a map in memory through the same two functions. */
export interface FileTree {
  /** Every file below a folder (links too, though they cannot be read), itself given without `/` at its end; relative to the root, with `/`. `''` is the root. */
  list(folder: string): readonly string[];
  /** The bytes of one regular file, or undefined where there is none. */
  read(path: string): Uint8Array | undefined;
}

/** One file to be written, or deleted where the content is null. */
export interface FileChange {
  readonly path: string;
  readonly content: Uint8Array | string | null;
  /** The file that a new one is a copy of: it may be executed where that may. */
  readonly copiedFrom?: string;
}

/** A tree held in memory: for tests, and for what an author's change is going to look like. */
export function memoryTree(files: Readonly<Record<string, Uint8Array | string>>): FileTree {
  return withChanges(
    { list: () => [], read: () => undefined },
    Object.entries(files).map(([path, content]) => ({ path, content })),
  );
}

/** The tree as it will be after the changes, so that they are judged before anything is written. */
export function withChanges(tree: FileTree, changes: readonly FileChange[]): FileTree {
  const changed = new Map(
    changes.map(({ path, content }) => [path, typeof content === 'string' ? Buffer.from(content) : content]),
  );
  return {
    list: (folder) => [
      ...tree.list(folder).filter((path) => !changed.has(path)),
      ...[...changed]
        .filter(([path, content]) => content !== null && (folder === '' || path.startsWith(`${folder}/`)))
        .map(([path]) => path),
    ],
    read: (path) => (changed.has(path) ? (changed.get(path) ?? undefined) : tree.read(path)),
  };
}
