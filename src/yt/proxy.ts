import { RtnError } from '../error.js';

/** The origin of an HTTP proxy as YT_PROXY names it: `host`, `host:port` or `http(s)://host[:port]`. */
export function proxyOrigin(proxy: string): string {
  const text = proxy.trim();
  const url = parseUrl(/^https?:\/\//i.test(text) ? text : `http://${text}`);
  if (
    text === '' ||
    url === undefined ||
    url.username !== '' ||
    url.password !== '' ||
    url.pathname !== '/' ||
    url.search !== ''
  ) {
    throw new RtnError('usage', `YT_PROXY is no address of a proxy: got '${withoutUserinfo(text)}'`, {
      next: 'set YT_PROXY to host:port or http(s)://host[:port]',
    });
  }
  return url.origin;
}

/** An item of `/hosts`: the proxy's own scheme, unless the item says another. */
export function hostOrigin(host: string, proxy: string): string | undefined {
  const text = /^https?:\/\//i.test(host) ? host : `${new URL(proxy).protocol}//${host}`;
  return parseUrl(text)?.origin;
}

function withoutUserinfo(text: string): string {
  return text.replace(/\/\/[^/@]*@/, '//***@');
}

function parseUrl(text: string): URL | undefined {
  return URL.canParse(text) ? new URL(text) : undefined;
}
