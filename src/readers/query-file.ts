import { isUtf8 } from 'node:buffer';
import { readFile } from 'node:fs/promises';
import { RtnError } from '../error.js';

/** The text of a file with a query, without a byte order mark; throws `configuration` where there is none. */
export async function readQueryFile(path: string): Promise<string> {
  let bytes: Buffer;
  try {
    bytes = await readFile(path);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new RtnError('configuration', `the file of the input's query cannot be read: ${reason}`, {
      cause,
      next: 'give the path of a file with one SELECT, as seen from where the runner is started',
    });
  }
  if (!isUtf8(bytes)) throw new RtnError('configuration', `the query in ${path} is no UTF-8 text`);
  return bytes.toString('utf8').replace(/^\uFEFF/, '');
}
