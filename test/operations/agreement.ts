import { BODY, COUNT, rejectedOf, rowsOf, type SendingOperation } from './cases.js';
import type { LoggedRow } from './logs.js';
import type { OperationRun } from './run.js';

/** Where a run's log and the provider's receipts do not agree, or what the run should not have told; empty where all is well. */
export function disagreements(sending: SendingOperation, run: OperationRun): string[] {
  return [
    ...wrongEnd(run),
    ...wrongOutcomes(sending, run.log),
    ...wrongReceipts(sending, run),
    ...missingFaults(sending, run),
    ...told(run),
  ];
}

function wrongEnd({ code, output }: OperationRun): string[] {
  if (code !== 0) return [`exit code ${code}: ${output.trim().slice(-600)}`];
  return output.includes('10,000 read') ? [] : ['the last lines do not say that 10,000 rows were read'];
}

/** Each row stands in the log once, and each that has to be rejected is. */
function wrongOutcomes(sending: SendingOperation, log: readonly LoggedRow[]): string[] {
  const rejected = rejectedOf(sending);
  const isRejected = new Set(rejected);
  const expected = Array.from(
    { length: COUNT },
    (_, index) => `${index} ${isRejected.has(index) ? 'rejected' : 'sent'}`,
  );
  return difference(
    'log',
    expected,
    log.map(({ position, outcome }) => `${position} ${outcome}`),
  );
}

/** Id by id: what the log calls sent the provider has, once, and nothing else. */
function wrongReceipts(sending: SendingOperation, { provider, log }: OperationRun): string[] {
  const sent = log.filter(({ outcome }) => outcome === 'sent');
  const receipts = [...provider.receipts.values()];
  const again = provider.carriedOutAgain.map((id) => `carried out again: ${id}`);
  if (sending.batch !== undefined)
    return [
      ...difference(
        'receipts',
        sent.map((line) => line.message_id),
        receipts.map(({ id }) => id),
      ),
      ...again,
    ];
  const rows = rowsOf(sending);
  return difference(
    'receipts',
    sent.map(({ provider_id, position }) => `${provider_id} ${rows[position]?.[sending.to]}`),
    receipts.map(({ id, to }) => `${id} ${to}`),
  );
}

/** What did not happen to the run although it should have: then its counts prove nothing. */
function missingFaults({ batch }: SendingOperation, { provider }: OperationRun): string[] {
  const { resets, slow, busy } = provider.troubles;
  const status = (code: number) => provider.answers.get(code) ?? 0;
  const seen = {
    'cut connections': resets,
    'slow answers': slow,
    'answers 429': status(429),
    'answers 503': status(503),
    'refused requests': status(batch === undefined ? 400 : 422),
    ...(batch === undefined && { 'recipients gone': status(410) }),
    ...(batch?.isTold === true && { 'busy messages': busy }),
  };
  return Object.entries(seen).flatMap(([name, count]) => (count > 0 ? [] : [`no ${name}`]));
}

/** Neither a body nor a secret nor, of drivers_sms, a number may stand anywhere. */
function told({ traces }: OperationRun): string[] {
  return [BODY, 'planted-secret', '79991']
    .filter((planted) => traces.includes(planted))
    .map((planted) => `${planted} stands where it may not`);
}

/** Compares two bags of texts; tells the first few that only one of them has. */
function difference(name: string, expected: readonly string[], actual: readonly string[]): string[] {
  const counts = new Map<string, number>();
  for (const text of expected) counts.set(text, (counts.get(text) ?? 0) + 1);
  for (const text of actual) counts.set(text, (counts.get(text) ?? 0) - 1);
  const missing = [...counts].flatMap(([text, count]) => (count > 0 ? [text] : []));
  const extra = [...counts].flatMap(([text, count]) => (count < 0 ? [text] : []));
  const list = (texts: readonly string[]) => `${texts.length} (${texts.slice(0, 5).join(', ')})`;
  return [
    ...(missing.length > 0 ? [`${name}: ${list(missing)} missing`] : []),
    ...(extra.length > 0 ? [`${name}: ${list(extra)} too many`] : []),
  ];
}
