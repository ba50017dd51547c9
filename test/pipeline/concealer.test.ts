import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { oneLine, RtnError } from '../../src/error.js';
import { Concealer } from '../../src/pipeline/concealer.js';
import type { Row } from '../../src/pipeline/record.js';
import { sensitiveDigest } from '../../src/pipeline/sensitive.js';
import { writtenForms } from '../../src/pipeline/written-forms.js';

const INPUT = {
  key: 'id',
  recipient: 'user',
  row: {
    type: 'object',
    properties: {
      id: { type: 'string' },
      user: { type: 'string' },
      phone: { type: 'string', 'x-sensitive': true },
      sms: { type: 'string', 'x-sms-text': true },
      text: { type: 'string' },
      tags: { type: 'array' },
    },
  },
};
const SECRET = 'q7/vK "2m';
const concealer = new Concealer(INPUT, new Map([[SECRET, 'PUSH_TOKEN']]));
const told = (said: string, ...rows: Row[]) => concealer.of(rows).text(said);

describe('what a provider quotes', () => {
  const text = 'Ваш "код"\nhttps://x.example/я?a=1';
  const row = {
    id: 'message-17',
    user: 'user-4711',
    phone: '+79991234567',
    sms: 'ok',
    text,
    tags: ['long tag', 'vip'],
  };

  test.each([
    ['as it is', `no: ${text}`],
    ['on one line', `no: ${oneLine(text)}`],
    ['as JSON', `no: ${JSON.stringify(row)}`],
    ['as JSON within JSON', JSON.stringify({ error: JSON.stringify(row) })],
    [
      'as JSON of a writer that escapes what is not ASCII',
      JSON.stringify(text).replace(/[^ -~]/g, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`),
    ],
    ['as JSON of a writer that escapes slashes', JSON.stringify(text).replaceAll('/', '\\/')],
    ['as an address', `GET /send?t=${encodeURIComponent(text)}`],
    ['as a form', new URLSearchParams({ text }).toString()],
    ['as an address in lower case', encodeURIComponent(text).replace(/%../g, (octet) => octet.toLowerCase())],
  ])('%s stands as the name of its column', (_, said) => {
    const shown = told(said, row);
    expect(shown).toContain('‹text›');
    expect(shown).not.toMatch(/Ваш|\\u0412|%D0%92|%d0%92|x\.example/i);
  });

  test('of a sensitive column stands as a digest, however short', () => {
    const digest = sensitiveDigest('+79991234567');
    expect(told('to 79991234567 or +79991234567 or %2B79991234567', row)).toBe(
      `to ${digest} or ${digest} or ${digest}`,
    );
    expect(told('is 7 free', { phone: 7 })).toBe(`is ${sensitiveDigest('7')} free`);
    expect(told('Riga', { phone: { city: ['Riga'] } })).toBe(sensitiveDigest('Riga'));
  });

  test('of an SMS stands as a digest, however short', () => {
    expect(told('ok is too short', row)).toBe(`${sensitiveDigest('ok')} is too short`);
  });

  test('of a list, or of a column that nobody declared, is found, too', () => {
    expect(told('bad long tag, vip', row)).toBe('bad ‹tags›, vip');
    expect(told('bad surprise', { Surprise: 'surprise' })).toBe('bad ‹row›');
  });

  test('of the message id and the recipient stays, since the log has them', () => {
    const said = 'message-17 for user-4711: no such user';
    expect(told(said, row)).toBe(said);
  });

  test('that is short stays: it may be a word of its own', () => {
    expect(told('title Taxi is refused', { text: 'Taxi' })).toBe('title Taxi is refused');
  });

  test('in part is found from sixteen characters on', () => {
    const long = 'Dear Ivan Petrov, your order 4711 has come';
    expect(told('got "Ivan Petrov, your order", no', { text: long })).toBe('got "‹text›", no');
    expect(told('got "Ivan Petrov,", no', { text: long })).toBe('got "Ivan Petrov,", no');
  });

  test('and that our own cut ends in the middle is found to its end', () => {
    expect(told(`${'.'.repeat(40)}Dear Iv…`, { text: 'Dear Ivan' })).toBe(`${'.'.repeat(40)}‹text›…`);
  });

  test('may be of any row that the request carried', () => {
    expect(told('refused: second text', { text: 'first text' }, { text: 'second text' })).toBe(
      'refused: ‹text›',
    );
  });
});

describe('a secret', () => {
  test.each([
    ['as it is', SECRET],
    ['as JSON', JSON.stringify({ authorization: SECRET })],
    ['as an address', encodeURIComponent(SECRET)],
    ['in base64', Buffer.from(SECRET).toString('base64')],
    ['all but its first character', SECRET.slice(1)],
  ])('%s stands as its name', (_, said) => {
    expect(told(`header: ${said}.`)).toMatch(/^header: .*‹PUSH_TOKEN›.*\.$/);
    expect(told(said)).not.toContain('vK');
  });

  test('that came later is known at once', () => {
    const names = new Map([['old-secret', 'TOKEN']]);
    const grown = new Concealer(INPUT, names);
    names.set('new-secret', 'TOKEN');
    expect(grown.of([]).text('old-secret, new-secret')).toBe('‹TOKEN›, ‹TOKEN›');
  });

  test('goes out of an error and out of its stack', () => {
    const error = concealer.of([]).error(new RtnError('credentials', `401: ${SECRET}`, { next: 'renew it' }));
    expect(error).toMatchObject({ code: 'credentials', message: '401: ‹PUSH_TOKEN›', next: 'renew it' });
    expect(error.stack).not.toContain(SECRET);
    const harmless = new RtnError('credentials', '401');
    expect(concealer.of([]).error(harmless)).toBe(harmless);
  });
});

describe("a provider's id of a message that was sent", () => {
  test('stays as it is, but for secrets and sensitive values', () => {
    const row = { phone: '+79991234567', text: 'push-4711' };
    expect(concealer.id('push-4711', [row])).toBe('push-4711');
    expect(concealer.id('to +79991234567', [row])).toBe(`to ${sensitiveDigest('+79991234567')}`);
    expect(concealer.id(`by ${SECRET}`, [row])).toBe('by ‹PUSH_TOKEN›');
  });
});

describe('whatever is said', () => {
  // Few letters, so that texts overlap; none of them stands in a label.
  const text = fc.string({ unit: fc.constantFrom('z', 'q', 'я', '"', '\\', '/', ' ', '\n'), maxLength: 60 });

  const atLeastSix = text.filter(({ length }) => length >= 6);

  test('no text of six characters stays in any form, nor sixteen characters of one', () => {
    fc.assert(
      fc.property(text, atLeastSix, text, fc.array(fc.nat(12)), (before, value, after, picks) => {
        const forms = [...writtenForms(value, '\\%')];
        const said = [before, ...picks.map((pick) => forms[pick % forms.length]), after].join('');
        const shown = told(said, { text: value }).split('‹text›');
        for (const clear of shown) {
          for (const form of forms) {
            expect(clear.includes(form)).toBe(false);
            for (let at = 0; at + 16 <= form.length; at++)
              expect(clear).not.toContain(form.slice(at, at + 16));
          }
        }
      }),
    );
  });

  test('what is not quoted stays, in its order', () => {
    fc.assert(
      fc.property(text, text, (said, value) => {
        const clear = told(said, { text: value }).split('‹text›');
        let at = 0;
        for (const part of clear) {
          const found = said.indexOf(part, at);
          expect(found).toBeGreaterThanOrEqual(at);
          at = found + part.length;
        }
        if (clear.length === 1) expect(clear[0]).toBe(said);
      }),
    );
  });

  test('a refusal of a thousand long rows, or of one repetitive megabyte, takes less than a second', () => {
    const rows = Array.from({ length: 1_000 }, (_, index) => ({
      id: `m${index}`,
      text: `Привет ${index} `.repeat(20),
    }));
    const startedAt = performance.now();
    told('x'.repeat(500), ...rows);
    told('a'.repeat(500), { text: `${'a'.repeat(14)}b`.repeat(70_000) });
    expect(performance.now() - startedAt).toBeLessThan(1_000);
  });
});
