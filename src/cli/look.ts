import { type Command, Option } from 'commander';
import { ARTEFACT_KINDS, type ArtefactKind } from '../registry/artefact.js';
import { withRoot } from './session.js';

/** The options of every verb that only looks. */
export interface LookOptions {
  readonly root?: string;
  readonly kind?: ArtefactKind;
  readonly json?: boolean;
}

/** Adds `--root`, `--json` and, where names may be shared, `--kind`. */
export function withLookOptions(command: Command, kindMeaning?: string): Command {
  withRoot(command).option('--json', 'print it as JSON');
  if (kindMeaning !== undefined)
    command.addOption(new Option('--kind <kind>', kindMeaning).choices(ARTEFACT_KINDS));
  return command;
}
