/** One message as a request carries it. */
export interface ServiceItem {
  /** What the answer to a batch calls it by; null where a request is one message. */
  readonly id: string | null;
  readonly to: string;
}

/** An endpoint that an operation of the registry sends to: what it takes, and how it answers. */
export interface Service {
  readonly path: RegExp;
  /** Status of an answer that takes the request. */
  readonly status: number;
  /** Keys of texts that each message must have. */
  readonly texts: readonly string[];
  /** The one of them that says for whom the message is. */
  readonly to: string;
  /** The list of messages in a request that carries many. */
  readonly list?: string;
  /** How the answer to such a request tells of each; without it of none. */
  readonly results?: { readonly list: string; readonly taken: string; readonly refused: string };
}

const SERVICES: readonly Service[] = [
  // The second is where an operation sends as `rtn new operation` writes it.
  { path: /^\/v1\/(push|send)$/, status: 200, texts: ['to', 'text'], to: 'to' },
  { path: /^\/v1\/sms$/, status: 201, texts: ['from', 'to', 'text'], to: 'to' },
  { path: /^\/v1\/promotions\/[^/]+\/users$/, status: 201, texts: ['user'], to: 'user' },
  { path: /^\/v1\/lists\/[^/]+\/users$/, status: 204, texts: ['id'], to: 'id', list: 'users' },
  {
    path: /^\/v1\/memberships$/,
    status: 207,
    texts: ['id', 'user', 'experiment', 'group'],
    to: 'user',
    list: 'memberships',
    results: { list: 'memberships', taken: 'ok', refused: 'unknown_group' },
  },
  {
    path: /^\/v1\/coupons\/activate$/,
    status: 207,
    texts: ['id', 'user', 'coupon'],
    to: 'user',
    list: 'items',
    results: { list: 'results', taken: 'ok', refused: 'expired' },
  },
  {
    path: /^\/v1\/feed\/posts$/,
    status: 207,
    texts: ['id', 'driver', 'title', 'text'],
    to: 'driver',
    list: 'posts',
    results: { list: 'posts', taken: 'created', refused: 'unknown_driver' },
  },
];

/** The service behind a path; undefined where there is none. */
export function serviceAt(path: string): Service | undefined {
  return SERVICES.find((service) => service.path.test(path));
}

/** The messages of a request; undefined where the body is not what the service takes. */
export function itemsOf(
  { texts, to, list }: Service,
  text: string,
): readonly [ServiceItem, ...ServiceItem[]] | undefined {
  const body = parse(text);
  const found = list === undefined ? [body] : body?.[list];
  if (!Array.isArray(found)) return undefined;
  const items: ServiceItem[] = [];
  for (const item of found as (Record<string, unknown> | undefined)[]) {
    if (typeof item !== 'object' || item === null) return undefined;
    if (texts.some((key) => typeof item[key] !== 'string')) return undefined;
    items.push({ id: list === undefined ? null : String(item.id), to: String(item[to]) });
  }
  const [first, ...rest] = items;
  return first && [first, ...rest];
}

function parse(text: string): Record<string, unknown> | undefined {
  try {
    const body: unknown = JSON.parse(text);
    return typeof body === 'object' && body !== null ? (body as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}
