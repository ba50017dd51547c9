/** How many rows the quickstart sends, and the seed they are made from. */
export const ROWS = 20_000;
const SEED = 20261123;

/** Drivers whose device is gone: the push service refuses them with 410. */
export const isGone = (/** @type {string} */ driver) => driver.endsWith('77');

/**
 * The recipients table as JSON lines: the same on every machine. Every 400th row lacks its text and every 1,000th has
 * a number for a driver id, so admission rejects them.
 * @param {number} rows
 */
export function* recipients(rows) {
  const random = mulberry32(SEED);
  for (let index = 0; index < rows; index++) {
    const driver = `driver-${String(Math.floor(random() * 1e6)).padStart(6, '0')}`;
    const row = {
      message_id: `m-${String(index).padStart(6, '0')}`,
      driver_id: index % 1_000 === 999 ? index : driver,
      title: 'New bonus',
      ...(index % 400 === 399
        ? {}
        : { text: `Hello ${driver}, drive ${1 + Math.floor(random() * 20)} trips today: +10%` }),
    };
    yield `${JSON.stringify(row)}\n`;
  }
}

/** A small seeded generator of numbers in [0, 1). */
function mulberry32(/** @type {number} */ seed) {
  return () => {
    seed = (seed + 0x6d2b79f5) | 0;
    let mixed = Math.imul(seed ^ (seed >>> 15), 1 | seed);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
