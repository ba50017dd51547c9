import type { JsonSchema } from '../component.js';
import type { Location } from './location.js';

/** An input as the operation declares it. */
export interface InputDefinition {
  /** The column that identifies a message. */
  readonly key: string;
  /** The column that names the recipient in the log. */
  readonly recipient?: string;
  readonly row: JsonSchema;
  readonly description?: string;
  /** Location used when the command line gives none. */
  readonly default?: string;
}

/** An output as the operation declares it. */
export interface OutputDefinition {
  readonly type: 'send-log';
  readonly description?: string;
  /** Location used when the command line gives none. */
  readonly default?: string;
}

/** An input with the location this run reads it from: the argument of a reader. */
export interface BoundInput extends InputDefinition {
  readonly name: string;
  /** Undefined for a stream, which gets its endpoint from the reader's config. */
  readonly location: Location | undefined;
}

/** An output with the location this run writes it to: the argument of a logger. */
export interface BoundOutput extends OutputDefinition {
  readonly name: string;
  readonly location: Location;
}
