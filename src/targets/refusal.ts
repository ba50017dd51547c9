import { oneLine, RtnError } from '../error.js';
import { paramText } from '../start-flags.js';
import { POLICY_KEYS, type ScheduledRunner, type Target, type TargetOptions } from './target.js';

/** A demand of a schedule that a target cannot meet. */
interface Refusal {
  readonly schedule: string;
  /** The key of the schedule: `overlap`, `params.text`. */
  readonly key: string;
  readonly reason: string;
  readonly next: string;
}

/** Throws `configuration` that names everything the target cannot do as these schedules say; nothing is done by halves. */
export function requireExpressible(
  target: Target,
  runs: readonly ScheduledRunner[],
  options: TargetOptions,
): void {
  const refusals = runs.flatMap((run) => refusalsOf(target, run, options));
  const [first] = refusals;
  if (first === undefined) return;
  const isOne = refusals.length === 1;
  const lines = refusals.map(({ schedule, key, reason, next }) =>
    [`  ${schedule}: ${key}: ${oneLine(reason)}`, ...(isOne ? [] : [`    next: ${oneLine(next)}`])].join(
      '\n',
    ),
  );
  throw new RtnError(
    'configuration',
    `target ${target.key} cannot do what ${isOne ? 'a schedule asks' : 'schedules ask'} for; nothing was written\n${lines.join('\n')}`,
    { details: { target: target.key, refusals }, ...(isOne && { next: oneLine(first.next) }) },
  );
}

function refusalsOf(target: Target, run: ScheduledRunner, options: TargetOptions): Refusal[] {
  const { name: schedule } = run.schedule;
  const ofPolicies = POLICY_KEYS.flatMap((key) => {
    const complaint = target.policies[key].complaint?.(run, options);
    return complaint === undefined ? [] : [{ schedule, key, ...complaint }];
  });
  const ofTexts = textsOf(run).flatMap(([key, text]) => {
    const reason = target.textProblem?.(text);
    const next = `change it, or give it in another way than in ${run.source}`;
    return reason === undefined ? [] : [{ schedule, key, reason, next }];
  });
  return [...ofPolicies, ...ofTexts];
}

/** The texts of a schedule that end up in commands, by where they stand. */
function textsOf({ schedule, paramSchemas }: ScheduledRunner): [key: string, text: string][] {
  const params = Object.entries(schedule.params).map(([name, value]): [string, string] => [
    `params.${name}`,
    paramText(value, paramSchemas[name]),
  ]);
  const locations = [
    ...Object.entries(schedule.inputs).map(([name, text]): [string, string] => [`inputs.${name}`, text]),
    ...Object.entries(schedule.outputs).map(([name, text]): [string, string] => [`outputs.${name}`, text]),
  ];
  return [...locations, ...params];
}
