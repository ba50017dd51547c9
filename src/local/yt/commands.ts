import { alterTable } from './alter-table.js';
import type { Call, Result, Streamed } from './call.js';
import { create, multisetAttributes, remove, set } from './change-commands.js';
import { exists, get, list } from './read-commands.js';
import { readTable, writeTable } from './table-commands.js';
import {
  abortTransaction,
  commitTransaction,
  lock,
  pingTransaction,
  startTransaction,
} from './transaction-commands.js';

type DataType = 'null' | 'binary' | 'structured' | 'tabular';

/** A command: how the list of commands describes it, and what runs it. */
export interface Command {
  readonly inputType: DataType;
  readonly outputType: DataType;
  readonly isVolatile: boolean;
  readonly isHeavy: boolean;
  readonly run: (call: Call) => Promise<Result | Streamed | undefined> | Result | Streamed | undefined;
}

function light(run: Command['run'], isVolatile: boolean, inputType: DataType = 'null'): Command {
  return { inputType, outputType: 'structured', isVolatile, isHeavy: false, run };
}

/** Every command of API v4 that this server knows. */
const COMMANDS: ReadonlyMap<string, Command> = new Map([
  ['get', light(get, false)],
  ['list', light(list, false)],
  ['exists', light(exists, false)],
  ['create', light(create, true)],
  ['remove', light(remove, true)],
  ['set', light(set, true, 'structured')],
  ['multiset_attributes', light(multisetAttributes, true, 'structured')],
  ['alter_table', light(alterTable, true)],
  ['lock', light(lock, true)],
  ['start_transaction', light(startTransaction, true)],
  ['ping_transaction', light(pingTransaction, true)],
  ['commit_transaction', light(commitTransaction, true)],
  ['abort_transaction', light(abortTransaction, true)],
  [
    'write_table',
    { inputType: 'tabular', outputType: 'structured', isVolatile: true, isHeavy: true, run: writeTable },
  ],
  [
    'read_table',
    { inputType: 'null', outputType: 'tabular', isVolatile: false, isHeavy: true, run: readTable },
  ],
]);

/** Names of v3, and those that clients of v4 still call by their v3 name. */
const OLD_NAMES: ReadonlyMap<string, string> = new Map(
  ['start', 'ping', 'commit', 'abort'].map((verb) => [`${verb}_tx`, `${verb}_transaction`]),
);

export function commandNamed(name: string): Command | undefined {
  return COMMANDS.get(OLD_NAMES.get(name) ?? name);
}

/** The list that `GET /api/v4` answers with: exactly these keys, as the Python client passes them on as arguments. */
export function commandList(): object[] {
  return [...COMMANDS].map(([name, { inputType, outputType, isVolatile, isHeavy }]) => ({
    name,
    input_type: inputType,
    output_type: outputType,
    is_volatile: isVolatile,
    is_heavy: isHeavy,
  }));
}
