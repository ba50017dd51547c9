import { closeSync, mkdirSync, openSync, readFileSync, unlinkSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { foreignCode, RtnError } from '../../error.js';

/** Takes a directory for this process alone, by a file with its process id; one of a dead process is taken over. */
export function lockDirectory(directory: string): () => void {
  mkdirSync(directory, { recursive: true });
  const path = join(directory, 'server.pid');
  for (;;) {
    try {
      const file = openSync(path, 'wx');
      writeSync(file, String(process.pid));
      closeSync(file);
      return () => unlinkSync(path);
    } catch (thrown) {
      if (foreignCode(thrown) !== 'EEXIST') throw thrown;
      const holder = Number(readFileSync(path, 'utf8'));
      if (isAlive(holder)) {
        throw new RtnError('temporary', `${directory} is in use by process ${holder}`, {
          next: 'stop that process, or give another directory',
        });
      }
      unlinkSync(path);
    }
  }
}

function isAlive(pid: number): boolean {
  if (!Number.isInteger(pid) || pid <= 0) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (thrown) {
    return foreignCode(thrown) === 'EPERM';
  }
}
