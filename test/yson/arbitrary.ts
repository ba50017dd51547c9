import fc from 'fast-check';
import { textOrBytes } from '../../src/yson/bytes.js';
import {
  Attributed,
  INT64_MAX,
  INT64_MIN,
  UINT64_MAX,
  Uint64,
  type YsonValue,
} from '../../src/yson/value.js';

const bytes = fc.uint8Array({ maxLength: 12 }).map((value) => textOrBytes(Buffer.from(value)));
const text = fc.string({ unit: 'grapheme', maxLength: 12 });

/** Any YSON value, a few levels deep. */
export const ysonValue: fc.Arbitrary<YsonValue> = fc.letrec<{ bare: YsonValue; any: YsonValue }>((tie) => ({
  bare: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.constant(null),
    fc.boolean(),
    fc.double(),
    fc.bigInt({ min: INT64_MIN, max: INT64_MAX }),
    fc.bigInt({ min: 0n, max: UINT64_MAX }).map((value) => new Uint64(value)),
    text,
    bytes,
    fc.array(tie('any'), { maxLength: 4 }),
    fc.array(fc.tuple(text, tie('any')), { maxLength: 4 }).map((pairs) => new Map(pairs)),
  ),
  any: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    tie('bare'),
    fc
      .tuple(fc.array(fc.tuple(text, tie('any')), { minLength: 1, maxLength: 3 }), tie('bare'))
      .map(([pairs, value]) => new Attributed(new Map(pairs), value)),
  ),
})).any;
