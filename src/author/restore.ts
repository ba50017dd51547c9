import { RtnError } from '../error.js';
import type { History } from '../git/history.js';
import { type Artefact, FOLDERS, referenceTo } from '../registry/artefact.js';
import { canonicalJson } from '../registry/canonical.js';
import { changedParts, recordedDigests } from '../registry/digest.js';
import { isFileName, type Registry } from '../registry/registry.js';
import type { FileChange } from '../registry/tree.js';

/**
 * The files of a published artefact as they were when they still matched its recorded digests, from the newest commit
 * in which they do. Throws `configuration` when there is no such commit.
 */
export async function publishedFiles(
  edited: Artefact,
  registry: Registry,
  history: History,
): Promise<{ commit: string; files: FileChange[] }> {
  const recorded = canonicalJson(recordedDigests(edited));
  const commits = await history.commitsTouching([edited.path, ...textPaths(edited)]);
  for (const commit of commits) {
    const files = await filesAt(commit, edited, history);
    if (files === undefined) continue;
    const then = registry.with(files);
    const artefact = then.find(edited.kind, edited.name, edited.version);
    const isSame = artefact !== undefined && canonicalJson(recordedDigests(artefact)) === recorded;
    if (isSame && changedParts(artefact, then).length === 0) return { commit, files };
  }
  throw new RtnError(
    'configuration',
    `${edited.path} was edited after it was published, and none of the ${commits.length} commits that touched it holds the text that its digests were made from`,
    {
      next: `fetch the whole history (git fetch --unshallow), or, if ${referenceTo(edited)} is a copy that was never published: delete its 'published' and set status: draft`,
    },
  );
}

/** The files of an artefact at a commit where it was published with other digests than it records now; else undefined. */
export async function changedSince(
  commit: string,
  artefact: Artefact,
  registry: Registry,
  history: History,
): Promise<FileChange[] | undefined> {
  const files = await filesAt(commit, artefact, history);
  const then = files && registry.with(files).find(artefact.kind, artefact.name, artefact.version);
  const before = then && recordedDigests(then);
  const isSame = canonicalJson(before) === canonicalJson(recordedDigests(artefact));
  return before === undefined || isSame ? undefined : files;
}

/** The document at a commit, and the text file that it named then. */
async function filesAt(
  commit: string,
  artefact: Artefact,
  history: History,
): Promise<FileChange[] | undefined> {
  const content = await history.read(commit, artefact.path);
  if (content === undefined) return undefined;
  const files: FileChange[] = [{ path: artefact.path, content }];
  for (const path of textPaths(artefact)) {
    const text = await history.read(commit, path);
    if (text !== undefined) files.push({ path, content: text });
  }
  return files;
}

function textPaths({ kind, name, document }: Artefact): string[] {
  return kind === 'template' && typeof document.text === 'string' && isFileName(document.text)
    ? [`${FOLDERS.template}/${name}/${document.text}`]
    : [];
}
