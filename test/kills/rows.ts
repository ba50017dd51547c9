/** A row of a run's input. Some do not fit the schema, some are for recipients that the provider refuses. */
export interface InputRow {
  readonly id: string;
  readonly to: string;
  readonly text: string;
}

const MALFORMED_EVERY = 997;
const GONE_EVERY = 1_009;

/** The rows of one run: `name` stands in each id, so that no two runs have the same content. */
export function inputRows(name: string, count: number): InputRow[] {
  return Array.from({ length: count }, (_, position) => ({
    id: `${name}-${position}`,
    to: recipientAt(position),
    text: `text ${position}`,
  }));
}

function recipientAt(position: number): string {
  if (position % MALFORMED_EVERY === 17) return '';
  return `${position % GONE_EVERY === 29 ? 'gone' : 'r'}${position}`;
}

/** Whether the provider refuses the recipient. */
export function isGone(to: string): boolean {
  return to.startsWith('gone');
}

/** Whether the row can be sent at all. */
export function isSendable({ to }: InputRow): boolean {
  return to !== '' && !isGone(to);
}
