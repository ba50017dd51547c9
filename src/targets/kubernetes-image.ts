import { oneLine, RtnError } from '../error.js';
import { APP_FOLDER, USER } from './kubernetes-pod.js';
import { type Placed, placed, render } from './render.js';
import type { ScheduledRunner } from './target.js';

/**
 * The Dockerfile of an image with what `rtn generate --bundle` wrote: the same for all schedules of a version. The base is
 * pinned, packages come from the lock file, and nothing in the image belongs to the user it runs as.
 */
export function dockerfile({ operation, runnerFile }: ScheduledRunner, baseImage: string): string {
  return render<'dockerfile'>('kubernetes/Dockerfile', {
    operation: word(operation.name),
    version: word(operation.version),
    base: word(baseImage),
    user: word(String(USER)),
    folder: word(APP_FOLDER),
    runner: word(runnerFile),
  });
}

/** A word of an instruction that neither a shell nor the builder's own variables make anything else of. */
function word(text: string): Placed<'dockerfile'> {
  if (/^[\w./][\w.:/@+-]*$/.test(text)) return placed(text);
  throw new RtnError('internal', `the Dockerfile cannot hold '${oneLine(text, 200)}'`);
}
