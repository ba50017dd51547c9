import type { PushProviderOptions } from '../../src/local/provider.js';
import type { Row } from '../../src/pipeline/record.js';

/** Rows of a run. */
export const COUNT = 10_000;
/** Stands in every row and may stand nowhere else. */
export const BODY = 'planted-body';
/** Recipients that the provider refuses; one of them spoils the request that it is in. */
const GONE = [71, 4_999, 9_000];
const POISON = 5_003;
/** Rows that do not fit the schema. */
const BAD = new Map<number, 'empty' | 'long'>([
  [17, 'empty'],
  [8_111, 'long'],
]);

const SINGLE = { throttleEvery: 6_001, failEvery: 401, resetEvery: 499, slowEvery: 1_009, slowMs: 200 };
const BATCH = { throttleEvery: 17, failEvery: 7, resetEvery: 6, slowEvery: 9, slowMs: 100, busyEvery: 997 };

/** An operation that sends, and what its rows are. */
export interface SendingOperation {
  /** NAME@VERSION. */
  readonly operation: string;
  readonly inputFlag: string;
  readonly secret: string;
  readonly flags: readonly string[];
  /** A row; `body` is what it says. */
  readonly row: (index: number, body: string) => Row;
  /** Column of the one that it is for. */
  readonly to: string;
  /** Whether a request holds many messages, and whether its answer tells of each. */
  readonly batch?: { readonly isTold: boolean };
  /** A CSV field holds no list. */
  readonly hasList?: true;
}

const push = (to: string) => (index: number, body: string) => ({
  message_id: `m${index}`,
  [to]: `r${index}`,
  title: BODY,
  text: body,
});
const promotions = (version: string): SendingOperation => ({
  operation: `promotions@${version}`,
  inputFlag: 'segment',
  secret: 'PROMOTIONS_TOKEN',
  flags: ['--promotion', 'winter_rides'],
  // The only column is the one that is logged.
  row: (index, body) => ({ user_id: body === BODY ? `r${index}` : 'x'.repeat(body.length) }),
  to: 'user_id',
});

/** Every operation of the registry that sends, as it is published. */
export const OPERATIONS: readonly SendingOperation[] = [
  {
    operation: 'driver_push@1.4.10',
    inputFlag: 'recipients',
    secret: 'PUSH_TOKEN',
    flags: [],
    row: push('driver_id'),
    to: 'driver_id',
  },
  {
    operation: 'user_push@1.3.0',
    inputFlag: 'recipients',
    secret: 'PUSH_TOKEN',
    flags: [],
    row: push('user_id'),
    to: 'user_id',
  },
  promotions('1.4.8'),
  promotions('1.4.5-dev'),
  {
    operation: 'taxi_upload@1.4.8',
    inputFlag: 'audience',
    secret: 'AUDIENCE_TOKEN',
    flags: ['--list', 'city_launch'],
    row: (index, body) => ({ user_id: `r${index}`, tags: [body] }),
    to: 'user_id',
    // An upload is answered as a whole, so nobody is refused by name.
    batch: { isTold: false },
    hasList: true,
  },
  {
    operation: 'taxi_exp@1.4.6',
    inputFlag: 'memberships',
    secret: 'EXPERIMENTS_TOKEN',
    flags: [],
    row: (index, body) => ({
      membership_id: `m${index}`,
      user_id: `r${index}`,
      experiment: BODY,
      group: body,
    }),
    to: 'user_id',
    batch: { isTold: true },
  },
  {
    operation: 'coupons_activate@1.4.4',
    inputFlag: 'activations',
    secret: 'COUPONS_TOKEN',
    flags: [],
    row: (index, body) => ({ activation_id: `m${index}`, user_id: `r${index}`, coupon: body }),
    to: 'user_id',
    batch: { isTold: true },
  },
  {
    operation: 'taximeter_wall@1.2.10',
    inputFlag: 'posts',
    secret: 'FEED_TOKEN',
    flags: [],
    row: (index, body) => ({ post_id: `m${index}`, driver_id: `r${index}`, title: BODY, text: body }),
    to: 'driver_id',
    batch: { isTold: true },
  },
  {
    operation: 'drivers_sms@0.0.3',
    inputFlag: 'recipients',
    secret: 'SMS_TOKEN',
    flags: ['--sender-name', 'Taxi', '--rate-limit', '0'],
    // The provider quotes the numbers that it refuses; every one begins with +79991.
    row: (index, body) => ({
      message_id: `m${index}`,
      phone: `+7999${String(1_000_000 + index)}`,
      text: body,
    }),
    to: 'phone',
  },
];

/** 10,000 rows of an operation, two of which do not fit its schema. */
export function rowsOf({ row }: SendingOperation): readonly Row[] {
  return Array.from({ length: COUNT }, (_, index) => row(index, bodyAt(index)));
}

/** Positions of the rows that end as rejected: by the schema or by the provider. */
export function rejectedOf({ batch }: SendingOperation): readonly number[] {
  const byName = batch?.isTold === false ? [] : GONE;
  return [...BAD.keys(), ...byName, POISON].sort((a, b) => a - b);
}

/** A provider that throttles, fails, cuts connections, is slow, refuses some and chokes on one. */
export function faultsFor(
  { to, batch }: SendingOperation,
  rows: readonly Row[],
): Omit<PushProviderOptions, 'token'> {
  const toAt = (index: number) => String(rows[index]?.[to]);
  const gone = new Set(GONE.map(toAt));
  return {
    ...(batch === undefined ? SINGLE : BATCH),
    isGone: (recipient) => gone.has(recipient),
    isPoison: (recipient) => recipient === toAt(POISON),
  };
}

function bodyAt(index: number): string {
  const bad = BAD.get(index);
  if (bad === undefined) return BODY;
  return bad === 'empty' ? '' : BODY.repeat(500);
}
