import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { smsLength } from '../../src/pipeline/sms-segments.js';

describe('the segments of an SMS', () => {
  test.each<[string, string, string, number, number]>([
    ['nothing', '', 'gsm-7', 0, 1],
    ['160 septets', 'a'.repeat(160), 'gsm-7', 160, 1],
    ['161 septets', 'a'.repeat(161), 'gsm-7', 161, 2],
    ['two full parts', 'a'.repeat(306), 'gsm-7', 306, 2],
    ['one septet more', 'a'.repeat(307), 'gsm-7', 307, 3],
    ['80 characters of the extension', '€'.repeat(80), 'gsm-7', 160, 1],
    ['81 of them', '€'.repeat(81), 'gsm-7', 162, 2],
    ['an escape that would be split', `${'a'.repeat(152)}€${'a'.repeat(152)}`, 'gsm-7', 306, 3],
    ['all of the extension', '^{}[]~|\\€\f', 'gsm-7', 20, 1],
    ['Greek capitals and accents of the alphabet', 'ΔΦΓΛΩΠΨΣΘΞèéùìòÇ\n\r', 'gsm-7', 18, 1],
    ['an accent that is not in it', 'ç', 'ucs-2', 1, 1],
    ['a backtick', 'it`s', 'ucs-2', 4, 1],
    ['70 Cyrillic letters', 'я'.repeat(70), 'ucs-2', 70, 1],
    ['71', 'я'.repeat(71), 'ucs-2', 71, 2],
    ['134', 'я'.repeat(134), 'ucs-2', 134, 2],
    ['135', 'я'.repeat(135), 'ucs-2', 135, 3],
    ['one Cyrillic letter in 160', `${'a'.repeat(159)}я`, 'ucs-2', 160, 3],
    ['35 emoji', '🚕'.repeat(35), 'ucs-2', 70, 1],
    ['36 emoji: a part holds 33', '🚕'.repeat(36), 'ucs-2', 72, 2],
    ['67 emoji: no pair is split', '🚕'.repeat(67), 'ucs-2', 134, 3],
    ['half a pair', '\ud800', 'ucs-2', 1, 1],
  ])('%s', (_, text, encoding, units, segments) => {
    expect(smsLength(text)).toEqual({ encoding, units, segments });
  });

  test('the alphabet has 127 characters, and ten more by escape', () => {
    const sizes = Array.from({ length: 0x10000 }, (_, code) => smsLength(String.fromCharCode(code)));
    const gsm = sizes.filter(({ encoding }) => encoding === 'gsm-7').map(({ units }) => units);
    expect([gsm.filter((units) => units === 1).length, gsm.filter((units) => units === 2).length]).toEqual([
      127, 10,
    ]);
  });

  const text = fc.oneof(
    fc.string({ unit: fc.constantFrom(...'ab€[é@'), maxLength: 700 }),
    fc.string({ unit: fc.constantFrom('я', '🚕', 'a'), maxLength: 400 }),
    fc.string({ unit: 'binary', maxLength: 400 }),
  );

  test('hold all units, and never fewer than fit', () => {
    fc.assert(
      fc.property(text, (given) => {
        const { encoding, units, segments } = smsLength(given);
        const [single, part] = encoding === 'gsm-7' ? [160, 153] : [70, 67];
        if (units <= single) return segments === 1;
        // A part may have to leave one unit empty.
        return segments >= Math.ceil(units / part) && segments <= Math.ceil(units / (part - 1));
      }),
    );
  });

  test('never become fewer when something is added', () => {
    fc.assert(
      fc.property(text, text, (given, more) => smsLength(given + more).segments >= smsLength(given).segments),
    );
  });
});
