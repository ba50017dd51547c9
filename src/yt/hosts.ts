import type { Clock } from '../clock.js';
import { hostOrigin } from './proxy.js';

const KEEP_MS = 60_000;
const BAN_MS = 120_000;
/** The list is ordered by load: one of the first few is taken. */
const CHOICE = 5;

/** The heavy proxies of a cluster, from `GET /hosts`. One that failed is passed over for two minutes. */
export class Hosts {
  readonly #proxy: string;
  readonly #fetchHosts: () => Promise<unknown>;
  readonly #clock: Clock;
  readonly #bannedUntil = new Map<string, number>();
  #known: Promise<readonly string[]> | undefined;
  #knownUntil = 0;

  constructor(proxy: string, fetchHosts: () => Promise<unknown>, clock: Clock) {
    this.#proxy = proxy;
    this.#fetchHosts = fetchHosts;
    this.#clock = clock;
  }

  /** Where the next heavy command goes: the proxy itself when the cluster names no other host or does not answer. */
  async pick(): Promise<string> {
    const now = this.#clock.monotonic();
    const fit = (await this.#list()).filter((origin) => (this.#bannedUntil.get(origin) ?? 0) <= now);
    return fit[Math.floor(this.#clock.random() * Math.min(fit.length, CHOICE))] ?? this.#proxy;
  }

  ban(origin: string): void {
    this.#bannedUntil.set(origin, this.#clock.monotonic() + BAN_MS);
  }

  /** Whether the token may go there: the proxy that was configured, or a host which that proxy named. */
  async isTrusted(origin: string): Promise<boolean> {
    return origin === this.#proxy || (await this.#list()).includes(origin);
  }

  #list(): Promise<readonly string[]> {
    if (this.#known !== undefined && this.#clock.monotonic() < this.#knownUntil) return this.#known;
    this.#knownUntil = this.#clock.monotonic() + KEEP_MS;
    this.#known = this.#fetchHosts().then(
      (answer) => {
        const origins = (Array.isArray(answer) ? answer : []).map((host) =>
          hostOrigin(String(host), this.#proxy),
        );
        return origins.filter((origin) => origin !== undefined);
      },
      () => [],
    );
    return this.#known;
  }
}
