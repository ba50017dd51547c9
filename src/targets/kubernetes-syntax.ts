/** What names, quantities and zones may look like to an API server. Sources: apimachinery's validation and its Quantity. */

/** RFC 1123: 63 characters at most. */
export function isLabel(text: string): boolean {
  return /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/.test(text);
}

/** Labels with dots between, 253 characters at most: names of Secrets and claims. */
export function isSubdomain(text: string): boolean {
  return text.length <= 253 && text.split('.').every((part) => /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/.test(part));
}

/** The value of a label. */
export function isLabelValue(text: string): boolean {
  return text === '' || /^[A-Za-z0-9]([-\w.]{0,61}[A-Za-z0-9])?$/.test(text);
}

/** `app.kubernetes.io/name`: the key of a label or an annotation. */
export function isQualifiedName(text: string): boolean {
  const [name = '', prefix, ...more] = text.split('/').reverse();
  const isPrefixed = prefix === undefined || (prefix === prefix.toLowerCase() && isSubdomain(prefix));
  return more.length === 0 && isPrefixed && name !== '' && isLabelValue(name);
}

/** A variable whose name every shell and API server takes. */
export function isVariableName(text: string): boolean {
  return /^[A-Za-z_]\w{0,254}$/.test(text);
}

/** An image that cannot become another one. */
export function isPinnedImage(text: string): boolean {
  return /^[a-z0-9][\w.:/-]{0,200}@sha256:[0-9a-f]{64}$/.test(text);
}

const SUFFIXES: Readonly<Record<string, number>> = {
  m: 0.001,
  '': 1,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
};

/** The value of a quantity as we write them: a whole number and a unit; undefined for anything else. */
export function quantity(text: string): number | undefined {
  const [, digits, suffix = ''] = /^([1-9]\d{0,17})(m|k|M|G|Ki|Mi|Gi)?$/.exec(text) ?? [];
  return digits === undefined ? undefined : Number(digits) * (SUFFIXES[suffix] ?? Number.NaN);
}

/** Parts have 14 characters at most, and none is a dot or begins with a dash; the runtime's own list says which there are. */
export function isZone(text: string): boolean {
  const parts = text.split('/');
  if (!parts.every((part) => /^[A-Za-z0-9_.+][\w.+-]{0,13}$/.test(part) && !/^\.\.?$/.test(part)))
    return false;
  if (text.toLowerCase() === 'local') return false;
  try {
    new Intl.DateTimeFormat('en', { timeZone: text });
    return true;
  } catch {
    return false;
  }
}

const FIELDS: readonly [min: number, max: number, names: string][] = [
  [0, 59, ''],
  [0, 23, ''],
  [1, 31, ''],
  [1, 12, 'jan feb mar apr may jun jul aug sep oct nov dec'],
  [0, 6, 'sun mon tue wed thu fri sat'],
];

/** Five fields that robfig/cron, which the controller reads them with, takes: no zone, no `@daily`, Sunday is 0. */
export function isCron(text: string): boolean {
  const words = text.split(' ');
  return (
    words.length === FIELDS.length && FIELDS.every((field, index) => isCronField(words[index] ?? '', field))
  );
}

function isCronField(word: string, [min, max, names]: (typeof FIELDS)[number]): boolean {
  const number = (part: string) => {
    const named = names.split(' ').indexOf(part);
    return part !== '' && named >= 0 ? named + min : /^\d{1,2}$/.test(part) ? Number(part) : Number.NaN;
  };
  return word.split(',').every((item) => {
    const [, from = '', to = from, step = '1'] = /^(\*|\w+)(?:-(\w+))?(?:\/(\d+))?$/.exec(item) ?? [];
    if (from === '*') return to === '*' && Number(step) > 0;
    const [first, last] = [number(from), number(to)];
    return first >= min && last <= max && first <= last && Number(step) > 0;
  });
}
