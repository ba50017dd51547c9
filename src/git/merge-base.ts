import { RtnError } from '../error.js';
import { BlobReader } from './blobs.js';
import { differences, type Entry, untracked } from './differences.js';
import { git } from './git.js';

/** How one file stood at another time; null where it was not there. */
interface FileThen {
  readonly path: string;
  readonly content: Uint8Array | null;
}

/** What a work tree (or its index) is compared with, read from git once. Paths are relative to the folder given. */
export interface Comparison {
  /** The merge base of REF and HEAD, or the commit before HEAD where both are the same. */
  readonly commit: string;
  /** Every path that differs from that commit: committed, staged, unstaged and untracked. */
  readonly changed: readonly string[];
  /** Those of them that `keeps` wants, as they were at that commit. */
  readonly before: readonly FileThen[];
  /** With `isStaged`: what the index holds where the files on disk differ from it. */
  readonly index: readonly FileThen[];
  /** What the target itself has at REF and not alike at that commit, with its content where `changed` has the path. */
  readonly target: readonly { readonly path: string; readonly content: Uint8Array | null | undefined }[];
}

export interface CompareOptions {
  /** Judge what `git commit` would take: the index in place of the files on disk. */
  readonly isStaged: boolean;
  /** Whether the content of a path is of interest; others are only named. */
  readonly keeps: (path: string) => boolean;
}

/**
 * Compares a folder with a base. One base serves for what changed and for the old versions; whatever stands in the way
 * of knowing it (no git, an unknown ref, a history cut short) throws `undetermined`, never an empty comparison.
 */
export async function compareWithBase(
  folder: string,
  ref: string,
  options: CompareOptions,
): Promise<Comparison> {
  const { head, target, isShallow } = await resolveCommits(folder, ref);
  const mergeBase = await mergeBaseOf(folder, ref, { head, target, isShallow });
  const untrackedPaths = options.isStaged ? [] : await untracked(folder);
  const since = (commit: string) => differences(folder, options.isStaged ? ['--cached', commit] : [commit]);
  let commit = mergeBase;
  let entries = await since(commit);
  if (head === target && !options.isStaged && entries.length === 0 && untrackedPaths.length === 0) {
    // A push to the target itself: there is nothing between the two, so what the last commit did is judged.
    commit = await parentOf(folder, head, isShallow);
    entries = await since(commit);
  }
  const [unstaged, onTarget] = await Promise.all([
    options.isStaged ? differences(folder, []) : [],
    target === mergeBase ? [] : differences(folder, [mergeBase, target]),
  ]);
  const changed = [...new Set([...entries.map(({ path }) => path), ...untrackedPaths])];
  const blobs = new BlobReader(folder);
  try {
    const then = (list: readonly Entry[]) =>
      contents(
        list.filter(({ path }) => options.keeps(path)),
        'before',
        blobs,
      );
    return {
      commit,
      changed,
      before: [
        ...(await then(entries)),
        ...untrackedPaths
          .filter((path) => options.keeps(path) && !entries.some((entry) => entry.path === path))
          .map((path) => ({ path, content: null })),
      ],
      index: [
        ...(await then(unstaged)),
        ...(options.isStaged ? (await untracked(folder)).map((path) => ({ path, content: null })) : []),
      ],
      target: await targetFiles(onTarget, new Set(changed), options, blobs),
    };
  } finally {
    await blobs.close();
  }
}

interface Commits {
  readonly head: string;
  readonly target: string;
  readonly isShallow: boolean;
}

async function resolveCommits(folder: string, ref: string): Promise<Commits> {
  const shallow = await git(folder, ['rev-parse', '--is-shallow-repository']);
  const isShallow = shallow.trim() === 'true';
  const head = await commitOf(folder, 'HEAD');
  if (head === undefined)
    throw new RtnError('undetermined', 'nothing is committed here yet, so there is nothing to compare with', {
      next: 'rtn check',
    });
  const target = await commitOf(folder, ref);
  if (target === undefined)
    throw new RtnError('undetermined', `the base '${ref}' is unknown in this repository`, {
      next: isShallow ? FETCH_ALL : `git fetch, or name another base: git branch --all lists them`,
    });
  return { head, target, isShallow };
}

const FETCH_ALL =
  'fetch the whole history: git fetch --unshallow; in a GitHub workflow, give actions/checkout `with: {fetch-depth: 0}`';

async function commitOf(folder: string, ref: string): Promise<string | undefined> {
  // What begins with a dash would be an option, and no ref may.
  if (ref.startsWith('-') || ref.includes('\0')) return undefined;
  const found = await git(folder, ['rev-parse', '--verify', '--quiet', `${ref}^{commit}`]).catch(
    ifStatus(1, 128),
  );
  return found?.trim() || undefined;
}

async function mergeBaseOf(
  folder: string,
  ref: string,
  { head, target, isShallow }: Commits,
): Promise<string> {
  const found = await git(folder, ['merge-base', target, head]).catch(ifStatus(1));
  const mergeBase = found?.trim();
  if (!mergeBase)
    throw new RtnError(
      'undetermined',
      isShallow
        ? `the history is cut short here, so where HEAD left '${ref}' is unknown`
        : `HEAD and '${ref}' have no commit in common`,
      { next: isShallow ? FETCH_ALL : 'name the branch that this one is going to be merged into' },
    );
  if (isShallow && (await isCutBetween(folder, mergeBase, [target, head])))
    throw new RtnError(
      'undetermined',
      `the history is cut short between HEAD and '${ref}', so an older commit may have been taken for the base`,
      {
        next: FETCH_ALL,
      },
    );
  return mergeBase;
}

/** Whether a commit at which a shallow history ends lies on a way from the merge base: there another base may be hidden. */
async function isCutBetween(folder: string, mergeBase: string, tips: readonly string[]): Promise<boolean> {
  // A commit at the cut looks like a root: it has no parents here.
  const roots = await git(folder, ['rev-list', '--max-parents=0', ...tips, `^${mergeBase}`]);
  return roots.trim() !== '';
}

async function parentOf(folder: string, head: string, isShallow: boolean): Promise<string> {
  const parent = await commitOf(folder, `${head}^1`);
  if (parent !== undefined) return parent;
  if (isShallow)
    throw new RtnError(
      'undetermined',
      'the history is cut short at HEAD, so the commit before it is unknown',
      {
        next: FETCH_ALL,
      },
    );
  // The first commit of all: everything is new, compared with the tree that has nothing.
  return (await git(folder, ['hash-object', '-t', 'tree', '--stdin'])).trim();
}

/** Contents on one side of the differences; a link or a submodule has none. */
async function contents(
  entries: readonly Entry[],
  side: 'before' | 'after',
  blobs: BlobReader,
): Promise<FileThen[]> {
  return Promise.all(
    entries.map(async (entry) => {
      const { path, [side]: object } = entry;
      if (entry.before.kind === 'submodule' || entry.after.kind === 'submodule')
        throw new RtnError('undetermined', `${path} is a submodule, whose files are not in this repository`, {
          next: 'check the registry in the repository that holds its files',
        });
      return { path, content: object.kind === 'file' ? ((await blobs.readObject(object.id)) ?? null) : null };
    }),
  );
}

async function targetFiles(
  entries: readonly Entry[],
  changed: ReadonlySet<string>,
  { keeps }: CompareOptions,
  blobs: BlobReader,
): Promise<Comparison['target']> {
  const kept = entries.filter(({ path }) => keeps(path));
  const alsoHere = await contents(
    kept.filter(({ path }) => changed.has(path)),
    'after',
    blobs,
  );
  const byPath = new Map(alsoHere.map(({ path, content }) => [path, content]));
  return kept.map(({ path, after }) => ({
    path,
    content: after.kind === 'none' ? null : byPath.get(path),
  }));
}

function ifStatus(...statuses: readonly number[]) {
  return (thrown: unknown): undefined => {
    if (thrown instanceof RtnError && statuses.includes(Number(thrown.details.status))) return undefined;
    throw thrown;
  };
}
