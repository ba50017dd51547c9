import { loggedTotal } from '../../src/pipeline/counts.js';
import type { Facts } from './arena.js';
import { isSendable } from './rows.js';
import type { LoggedRow } from './stores/store.js';

/** The window that a run has by default where repeats do no harm. */
const HARMLESS_WINDOW = 20_000;

/** What one run, or many of them together, came to. */
export interface Figures {
  readonly kills: number;
  /** Messages that were never carried out, though they could be, and that wait for nobody. */
  readonly lost: number;
  /** Times that a message was carried out once more than it should. */
  readonly doubles: number;
  /** Messages that are logged as unknown since a runner died. */
  readonly unknown: number;
  /** Messages that wait for a person. */
  readonly held: number;
}

/** Judges a run by what must hold for each message; gives the figures, and every law that was broken. */
export function judge(facts: Facts): { figures: Figures; broken: string[] } {
  const { rows, effects, logged, open, kills } = facts;
  const isHeld = new Set(open);
  const lost = rows.filter((row, at) => isSendable(row) && !effects.has(row.id) && !isHeld.has(at));
  const doubled = rows.filter(({ id }) => (effects.get(id) ?? 0) > 1);
  const doubles = doubled.reduce((sum, { id }) => sum + (effects.get(id) ?? 0) - 1, 0);
  const unknown = logged.filter(isInDoubt);
  const figures = { kills, lost: lost.length, doubles, unknown: unknown.length, held: open.length };
  const broken: string[] = [
    ...accounts(facts),
    ...outcomes(facts),
    ...balance(facts),
    ...windows(facts),
    ...policy(facts, figures),
  ];
  return { figures, broken };
}

function isInDoubt({ outcome, errorCode }: LoggedRow): boolean {
  return outcome === 'unknown' && errorCode === 'in_doubt';
}

/** Each row stands once in the log or is listed as held, never both. */
function accounts({ rows, logged, open }: Facts): string[] {
  const times = new Uint8Array(rows.length);
  for (const { position } of logged) times[position] = (times[position] ?? 0) + 1;
  for (const position of open) times[position] = (times[position] ?? 0) + 1;
  const wrong = [...times.entries()].filter(([, count]) => count !== 1);
  return wrong.length === 0
    ? []
    : [
        `${wrong.length} rows are not accounted for once: ${some(wrong.map(([at, count]) => `${at} (${count} times)`))}`,
      ];
}

/** What the log says of a message is what the provider did. */
function outcomes({ rows, effects, cutOff, logged, shape }: Facts): string[] {
  const wrong = logged.filter((line) => {
    const row = rows[line.position];
    if (row === undefined || row.id !== line.messageId) return true;
    if (isInDoubt(line)) return shape.inDoubt !== 'skip';
    if (line.outcome === 'unknown') return knowsRepeats(shape) || !cutOff.has(row.id);
    if (line.outcome === 'rejected') return isSendable(row) || effects.has(row.id);
    return line.outcome !== 'sent' || !isSendable(row) || !effects.has(row.id);
  });
  return wrong.length === 0
    ? []
    : [
        `${wrong.length} lines of the log are wrong: ${some(wrong.map((line) => JSON.stringify({ ...line, effects: effects.get(line.messageId) })))}`,
      ];
}

/** Whether the operation says that a repeat does no harm: of batches it never does, whatever the provider knows. */
function knowsRepeats({ isIdempotent, sender }: Facts['shape']): boolean {
  return isIdempotent && sender === 'async';
}

/** The last start's numbers, and a start after the end, which has nothing to do. */
function balance({ rows, last, again }: Facts): string[] {
  const { counts, code } = last;
  const broken: string[] = [];
  if (counts.read !== loggedTotal(counts) + counts.left + counts.held || counts.left > 0)
    broken.push(`the balance is wrong: ${JSON.stringify(counts)}`);
  if (counts.read + counts.alreadyDone > rows.length) broken.push('more was read than there is');
  if (code !== (counts.held > 0 ? 65 : 0)) broken.push(`exit code ${code} with ${counts.held} held`);
  if (again.code !== code || again.requests > 0)
    broken.push(`another start ended with ${again.code} and made ${again.requests} requests`);
  return broken;
}

/** A kill leaves no more in doubt than the window, beside what was held before it. */
function windows({ doubts, shape }: Facts): string[] {
  const window = windowOf(shape);
  const heldBefore = new Set<number>();
  const broken: string[] = [];
  for (const inDoubt of doubts) {
    const added = [...inDoubt].filter((position) => !heldBefore.has(position)).length;
    // What was left by kills that nobody looked at is held too.
    if (shape.inDoubt !== 'hold' && added > window)
      broken.push(`${added} were in doubt, the window is ${window}`);
    if (shape.inDoubt === 'hold') for (const position of inDoubt) heldBefore.add(position);
  }
  return broken;
}

function windowOf({ window }: Facts['shape']): number {
  return window ?? HARMLESS_WINDOW;
}

/** What the policy promises. */
function policy(facts: Facts, { kills, lost, doubles, unknown, held }: Figures): string[] {
  const { shape, rows, effects, logged } = facts;
  const most = kills * windowOf(shape);
  const isUnlisted = listed(facts);
  const broken: string[] = [];
  const require = (isKept: boolean, law: string) => void (isKept || broken.push(law));
  if (shape.isIdempotent || shape.inDoubt !== 'resend') require(doubles === 0, `${doubles} doubles`);
  if (shape.inDoubt === 'resend') {
    require(lost === 0, `${lost} lost`);
    require(unknown + held === 0, `${unknown} unknown and ${held} held under resend`);
    require(doubles <= most, `${doubles} doubles, at most ${most} were in doubt`);
    const unlisted = rows.filter(({ id }, at) => (effects.get(id) ?? 0) > 1 && isUnlisted(at));
    require(unlisted.length <= facts.unseen * windowOf(shape), `${unlisted.length} doubles not in doubt`);
  } else if (shape.inDoubt === 'skip') {
    require(unknown <= most && held === 0, `${unknown} unknown, ${held} held under skip`);
    const told = new Set(logged.filter(isInDoubt).map(({ position }) => position));
    const silent = rows.filter((row, at) => isSendable(row) && !effects.has(row.id) && !told.has(at));
    require(silent.length === 0, `${silent.length} lost and not logged as unknown`);
    const unlisted = [...told].filter(isUnlisted);
    require(unlisted.length <= facts.unseen * windowOf(shape), `${unlisted.length} unknown, not in doubt`);
  } else {
    require(held <= most && unknown === 0, `${held} held, ${unknown} unknown under hold`);
    require(lost === 0, `${lost} lost and not held`);
  }
  return broken;
}

/** Says of a position that it was in doubt after no kill that was looked at. */
function listed({ doubts }: Facts): (position: number) => boolean {
  return (position) => !doubts.some((inDoubt) => inDoubt.has(position));
}

function some(texts: readonly string[]): string {
  return texts.slice(0, 5).join(', ');
}
