import { oneLine } from '../error.js';

/**
 * How a value may stand in what somebody else writes: as it is, on one line, as JSON writes it (also with escapes for all
 * that is not ASCII or for slashes, and quoted within other JSON), as addresses and forms write it or its JSON, and a phone number
 * without its plus. Each form is there once, and those that `within` cannot hold, having none of their signs, are left out.
 */
export function writtenForms(value: string, within: string): ReadonlySet<string> {
  const forms = new Set([value, oneLine(value, Number.POSITIVE_INFINITY)]);
  if (within.includes('\\')) for (const form of jsonForms(value)) forms.add(form);
  if (/[%+]/.test(within))
    for (const form of [value, inJson(value)]) for (const address of addressForms(form)) forms.add(address);
  if (/^\+\d{7,}$/.test(value)) forms.add(value.slice(1));
  return forms;
}

function jsonForms(value: string): readonly string[] {
  const json = inJson(value);
  const forms = [json, ascii(json)].flatMap((form) => [form, form.replaceAll('/', '\\/')]);
  return [...forms, ...forms.map(inJson)];
}

function addressForms(value: string): readonly string[] {
  const form = encodeURIComponent(wellFormed(value));
  return [form, form.replaceAll('%20', '+'), form.replace(/%[\dA-F]{2}/g, (octet) => octet.toLowerCase())];
}

function inJson(text: string): string {
  return JSON.stringify(text).slice(1, -1);
}

function ascii(json: string): string {
  return json.replace(/[\u0080-\uffff]/g, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

/** Half of a surrogate pair cannot be percent-encoded; it leaves as U+FFFD. */
function wellFormed(text: string): string {
  return Buffer.from(text).toString();
}
