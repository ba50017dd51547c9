import { readFileSync, readlinkSync } from 'node:fs';
import { hostname } from 'node:os';

/**
 * Who holds a lease: host, process id and when the process began. The host is its name together with the boot and the
 * namespace of process ids, where the system tells them: only processes that see each other may judge each other.
 */
interface Holder {
  readonly host: string;
  readonly scope: string;
  readonly pid: number;
  readonly began: string;
}

/** This process as a lease names it: one word without blanks, `host/scope/pid/began`. */
export function thisHolder(): string {
  return holderOf(process.pid);
}

/** A process of this machine, such as a child, in the same form. */
export function holderOf(pid: number): string {
  return [hostname(), scopeOfProcesses(), pid, beginOf(pid) ?? '']
    .map((part) => encodeURIComponent(part))
    .join('/');
}

/** The id of a holder's process, where it can be seen from here; undefined on another machine or in another container. */
export function pidOfHolder(holder: string): number | undefined {
  const parsed = parse(holder);
  return parsed !== undefined && isSeen(parsed) ? parsed.pid : undefined;
}

function isSeen({ host, scope }: Holder): boolean {
  return host === hostname() && scope === scopeOfProcesses();
}

/** A holder for a message: `process 4711 on host7`. */
export function holderText(holder: string): string {
  const parsed = parse(holder);
  return parsed === undefined ? holder : `process ${parsed.pid} on ${parsed.host}`;
}

/** Whether the holder is surely gone: its process ran here, and there is none with its id and begin any more. */
export function isHolderGone(holder: string): boolean {
  if (holder === '') return true;
  const parsed = parse(holder);
  if (parsed === undefined || !isSeen(parsed)) return false;
  if (!isAlive(parsed.pid)) return true;
  const began = beginOf(parsed.pid);
  return began !== undefined && began !== parsed.began;
}

function parse(holder: string): Holder | undefined {
  const [host, scope, pid, began] = holder.split('/').map(decodeURIComponent);
  if (host === undefined || scope === undefined || began === undefined || !/^\d+$/.test(pid ?? ''))
    return undefined;
  return { host, scope, pid: Number(pid), began };
}

/** Signal 0 reaches whoever is there; a process of another user is there too. */
function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return !isZombie(pid);
  } catch (thrown) {
    return (thrown as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** Killed, and not yet waited for by its parent: it does nothing more. */
function isZombie(pid: number): boolean {
  return statOf(pid)?.[0] === 'Z';
}

/** When a process began, in clock ticks since boot; undefined where the system does not tell. */
function beginOf(pid: number): string | undefined {
  return statOf(pid)?.[19];
}

/** The fields of /proc/PID/stat from the state on: proc(5). The name before them may hold anything, brackets too. */
function statOf(pid: number): string[] | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  } catch {
    return undefined;
  }
}

function scopeOfProcesses(): string {
  try {
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
    return `${boot.slice(0, 8)}-${readlinkSync('/proc/self/ns/pid').replace(/\D/g, '')}`;
  } catch {
    return '';
  }
}
