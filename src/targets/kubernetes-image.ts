import { APP_FOLDER, USER } from './kubernetes-pod.js';
import { placed, render } from './render.js';
import type { ScheduledRunner } from './target.js';

/**
 * The Dockerfile of an image with what `rtn generate --bundle` wrote: the same for all schedules of a version. The base is
 * pinned, packages come from the lock file, and nothing in the image belongs to the user it runs as.
 */
export function dockerfile({ operation, runnerFile }: ScheduledRunner, baseImage: string): string {
  return render<'dockerfile'>('kubernetes/Dockerfile', {
    operation: placed(`${operation.name} ${operation.version}`),
    base: placed(baseImage),
    user: placed(String(USER)),
    folder: placed(APP_FOLDER),
    runner: placed(runnerFile),
  });
}
