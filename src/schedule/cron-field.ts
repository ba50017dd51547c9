import { oneLine } from '../error.js';

/** One of the five fields: what it may hold. */
export interface FieldForm {
  readonly name: string;
  readonly min: number;
  readonly max: number;
  /** Three letters each, from `min` on. */
  readonly names?: readonly string[];
}

const MINUTE: FieldForm = { name: 'minute', min: 0, max: 59 };
const HOUR: FieldForm = { name: 'hour', min: 0, max: 23 };
const DAY_OF_MONTH: FieldForm = { name: 'day of month', min: 1, max: 31 };
const MONTH: FieldForm = {
  name: 'month',
  min: 1,
  max: 12,
  names: ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'],
};
const DAY_OF_WEEK: FieldForm = {
  name: 'day of week',
  min: 0,
  max: 7,
  names: ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'],
};
/** The five, in order. */
export const FORMS = [MINUTE, HOUR, DAY_OF_MONTH, MONTH, DAY_OF_WEEK] as const;

/** The set that a field stands for, or what is wrong with it. */
export function parseField(word: string, form: FieldForm): readonly number[] | string {
  const set = new Set<number>();
  for (const item of word.split(',')) {
    const range = parseItem(item, form);
    if (typeof range === 'string') return `${form.name}: got '${oneLine(word, 60)}', ${range}`;
    const [first, last, step] = range;
    // Sunday is 0 and 7.
    for (let value = first; value <= last; value += step) set.add(form === DAY_OF_WEEK ? value % 7 : value);
  }
  return [...set].sort((a, b) => a - b);
}

/** First, last and step of one item of a list. */
function parseItem(item: string, form: FieldForm): readonly [number, number, number] | string {
  const expected = `expected ${form.min}-${form.max}${form.names ? `, ${form.names[0]}-${form.names.at(-1)}` : ''}, *, a list (1,2), a range (1-5) or a step (*/2, 1-9/2)`;
  const [, from = '', to, by] = /^(\*|[a-z0-9]{1,3})(?:-([a-z0-9]{1,3}))?(?:\/(\d{1,2}))?$/i.exec(item) ?? [];
  const top = form === DAY_OF_WEEK ? 6 : form.max;
  if (from === '' || (from === '*' && to !== undefined)) return expected;
  if (by !== undefined && from !== '*' && to === undefined)
    return `a step behind a single value is read differently by different schedulers: write ${from}-${top}/${by}`;
  const first = from === '*' ? form.min : numberOf(from, form);
  const last = from === '*' ? top : to === undefined ? first : lastOf(to, first, form);
  if (first === undefined || last === undefined) return expected;
  if (last < first)
    return `the range ends before it begins: write ${from}-${top},${form.min}-${to} if it goes round`;
  const step = by === undefined ? 1 : Number(by);
  if (step < 1 || step > top) return `expected a step of 1 to ${top}`;
  return [first, last, step];
}

/** `fri-sun` ends with the seventh day. */
function lastOf(word: string, first: number | undefined, form: FieldForm): number | undefined {
  const last = numberOf(word, form);
  return form === DAY_OF_WEEK && last === 0 && first !== 0 ? 7 : last;
}

function numberOf(word: string, { min, max, names = [] }: FieldForm): number | undefined {
  if (!/^\d+$/.test(word)) {
    const index = names.indexOf(word.toLowerCase());
    return index < 0 ? undefined : min + index;
  }
  const value = Number(word);
  return value >= min && value <= max ? value : undefined;
}
