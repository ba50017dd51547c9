import { expect } from 'vitest';
import { repository } from '../author/repository.js';

/** Where the draft of `withDraft` stands. */
export const DRAFT = 'operations/driver_push/1.4.11.yaml';

/** All published once, then a newer layer and a newer template. */
export async function grown() {
  const made = repository();
  await made.publish();
  await made.rtn('bump', 'taxi-crm-push', 'one-shot');
  made.write('templates/one-shot/1.0.1.mjs.hbs', '// one-shot\n// more\n');
  await made.rtn('publish', 'taxi-crm-push', 'one-shot');
  return made;
}

/** The same with a draft of the operation, which has moved to the new layer. */
export async function withDraft(edits: Readonly<Record<string, string>> = {}) {
  const made = await grown();
  await made.rtn('bump', 'driver_push', '--layer', 'taxi-crm-push@1.4.11');
  for (const [from, to] of Object.entries(edits)) made.edit(DRAFT, from, to);
  return made;
}

/** What a verb printed, once it has ended well. */
export const out = async (result: Promise<{ code: number; out: string; err: string }>) => {
  const { code, out: text, err } = await result;
  expect([code, err]).toEqual([0, '']);
  return text;
};
