/** The rules of `rtn generate --check`, for `rtn check --explain`. */
export const GENERATE_RULES = [
  {
    id: 'generate/missing',
    severity: 'error',
    doc: 'A runner of an active operation is not in the folder of generated runners. Whoever starts runners from there would not find it. Generate it.',
  },
  {
    id: 'generate/stale',
    severity: 'error',
    doc: 'A runner was generated from another state than the registry has now: the operation, its template or its layer is another one, or a newer rtn writes other code for the same operation. The file is as it was generated, so generating it again loses nothing.',
  },
  {
    id: 'generate/edited',
    severity: 'error',
    doc: 'A generated runner was changed by hand, so that what runs is not what the registry says, and the next rtn generate would undo it. Make the change in the operation (a new version: rtn bump) or in the template, then generate again. The comment on top of a runner carries a checksum, which tells an edit from a registry that moved on; line ends of Windows are no edit.',
  },
  {
    id: 'generate/orphan',
    severity: 'error',
    doc: 'A generated runner whose operation, version or runner is no longer in the registry, or is withdrawn: it still starts, but nobody answers for it. Delete the file. Runners of deprecated versions are no orphans, since these may still run.',
  },
] as const;
