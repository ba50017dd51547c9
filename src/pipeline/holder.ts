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
  const { host, scope, pid, began } = {
    host: hostname(),
    scope: scopeOfProcesses(),
    pid: process.pid,
    began: beginOf(process.pid) ?? '',
  };
  return [host, scope, pid, began].map((part) => encodeURIComponent(part)).join('/');
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
  if (parsed === undefined || parsed.host !== hostname() || parsed.scope !== scopeOfProcesses()) return false;
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
