import { RtnError } from '../error.js';
import type { Reader } from '../pipeline/contract.js';
import type { Location } from '../pipeline/location.js';
import { readQueryFile } from './query-file.js';

/** `yql:QUERY.sql`: a location that can be declared and is checked; running it says that it cannot be done yet. */
export class YqlQueryReader implements Reader {
  readonly isEndless = false;
  readonly total = undefined;
  readonly #location: Location;

  constructor(location: Location) {
    this.#location = location;
  }

  async open(): Promise<void> {
    const { target, text } = this.#location;
    await readQueryFile(target);
    throw new RtnError(
      'configuration',
      `${text} cannot be read yet: a YQL query needs the Query Tracker of YTsaurus, which this version does not use`,
      { next: 'run the query yourself, and give its result as yt:PATH' },
    );
  }

  read(): Promise<void> {
    return Promise.reject(new Error('read was called although open has failed'));
  }

  async close(): Promise<void> {}
}
