import type { JsonSchema } from '../component.js';
import type { Location } from './location.js';

/** What every input and output says of itself. */
interface Declared {
  readonly description?: string;
  /** Location used when the command line gives none. */
  readonly default?: string;
}

/** An input of rows as the operation declares it. */
export interface InputDefinition extends Declared {
  /** The column that identifies a message. */
  readonly key: string;
  /** The column that names the recipient in the log. */
  readonly recipient?: string;
  readonly row: JsonSchema;
}

/** An input of a task, which gets it as a whole. */
export interface WholeDefinition extends Declared {
  readonly type?: 'rows' | 'table' | 'file' | 'send-log';
}

/** An output as the operation declares it. */
export interface OutputDefinition extends Declared {
  readonly type: 'send-log' | 'table' | 'file';
}

/** An input with the location this run reads it from: the argument of a reader. */
export interface BoundInput extends InputDefinition {
  readonly name: string;
  /** Undefined for a stream, which gets its endpoint from the reader's config. */
  readonly location: Location | undefined;
}

/** An input with the location this run takes it from: an argument of a task. */
export interface BoundWhole extends WholeDefinition {
  readonly name: string;
  readonly location: Location;
}

/** An output with the location this run writes it to: the argument of a logger or task. */
export interface BoundOutput extends OutputDefinition {
  readonly name: string;
  readonly location: Location;
}
