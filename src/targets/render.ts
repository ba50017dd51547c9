import { readFileSync } from 'node:fs';
import Handlebars from 'handlebars';
import { RtnError } from '../error.js';

declare const PLACE: unique symbol;

/** A text that an escaper has made safe for one kind of place: `crontab`, `unit`. Only such a text gets into a template. */
export type Placed<Place extends string> = string & { readonly [PLACE]: Place };

/** What a template's names stand for; an absent one is undefined, never left out. */
export type Values<Place extends string> = Readonly<
  Record<string, Placed<Place> | boolean | readonly Placed<Place>[] | undefined>
>;

/** Marks a text as safe for a place. For escapers alone, after they made sure of it. */
export function placed<Place extends string>(text: string): Placed<Place> {
  return text as Placed<Place>;
}

const FOLDER = new URL('../../templates/schedulers/', import.meta.url);

/**
 * Sets values into `templates/schedulers/<name>.hbs`. Handlebars escapes nothing here: the type of the values says who has.
 * Throws `internal` where the template names something else, or a value holds more than one line.
 */
export function render<Place extends string>(name: string, values: Values<Place>): string {
  for (const [key, value] of Object.entries(values))
    for (const text of [value].flat())
      if (typeof text === 'string' && /[\n\r\0]/.test(text))
        throw new RtnError('internal', `${name}: the value of ${key} is not on one line`);
  const text = readFileSync(new URL(`${name}.hbs`, FOLDER), 'utf8');
  return Handlebars.compile(text, { noEscape: true, strict: true, knownHelpersOnly: true })(values);
}
