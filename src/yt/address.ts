import { RtnError } from '../error.js';

/** The environment variables that say where YTsaurus is, for every component that uses it. */
export const YT_ENVIRONMENT = [
  {
    name: 'YT_PROXY',
    description: 'Where the YTsaurus cluster is: host, host:port or http(s)://host.',
    scheme: 'yt',
  },
  { name: 'YT_TOKEN', description: 'Token for the YTsaurus cluster.', isSecret: true, scheme: 'yt' },
] as const;

/** Where a location of scheme `yt` is. */
export interface YtAddress {
  readonly proxy: string;
  /** The path on that cluster. */
  readonly path: string;
}

/**
 * `yt://cluster//path` names its cluster; `yt://path` is on the one of YT_PROXY. `target` is what stands behind `yt:`,
 * `text` the location as given. Throws `usage` where YT_PROXY is not set; `role` stands in the message: "the input".
 */
export function ytAddress(
  { target, text }: { readonly target: string; readonly text: string },
  environment: Readonly<Record<string, string | undefined>>,
  role: string,
): YtAddress {
  const [, cluster, own] = /^\/\/([^/]+)(\/\/.+)$/.exec(target) ?? [];
  const proxy = cluster ?? environment.YT_PROXY;
  if (proxy === undefined || proxy === '') {
    throw new RtnError('usage', `YT_PROXY is not set, and ${role} is ${text}`, {
      next: 'export YT_PROXY=host:port',
    });
  }
  return { proxy, path: own ?? target };
}
